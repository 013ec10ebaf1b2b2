import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from relaxgap.data import Dataset

Invoke = Callable[..., Result]
ANSWERS = ("yes", "no", "yes", "no", "no", "yes")


@pytest.fixture
def table(data: Dataset, tmp_path: Path) -> str:
    rows = [f"{a},{answer},{b}" for (a, b), answer in zip(data.X, ANSWERS, strict=True)]
    (tmp_path / "named.csv").write_text("\n".join(["a,answer,b", *rows]))
    return str(tmp_path / "named.csv")


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_a_table_with_names_of_classes_is_solved_and_its_network_certified(
    relaxgap: Invoke, table: str, loss: str, tmp_path: Path
) -> None:
    of_table = (table, "--target", "answer", "--loss", loss, "--beta", "0.3", "--json")
    out = str(tmp_path / "net.npz")
    result = relaxgap("solve", *of_table, "--out", out)
    assert result.exit_code == 0, result.stderr
    row = json.loads(result.stdout)
    assert (row["loss"], row["classes"], row["status"]) == (loss, ["no", "yes"], "solved")
    certified = json.loads(relaxgap("certify", *of_table, "--network", out).stdout)
    assert (certified["loss"], certified["classes"]) == (loss, ["no", "yes"])
    assert certified["network_value"] == pytest.approx(row["primal_value"], rel=1e-9)
    assert certified["lower_bound"] <= row["primal_value"]


def test_a_path_of_the_logistic_loss_says_its_classes(relaxgap: Invoke, table: str) -> None:
    arguments = ("path", table, "--target", "answer", "--loss", "logistic", "--points", "2")
    row = json.loads(relaxgap(*arguments, "--json").stdout)
    assert (row["loss"], row["classes"]) == ("logistic", ["no", "yes"])
    assert row["rows"][0]["loss"] == pytest.approx(6.0 * np.log(2.0))
    assert "above 0 for 'yes'" in relaxgap(*arguments).stdout


def test_what_the_loss_cannot_use_is_refused_in_one_line(relaxgap: Invoke, table: str) -> None:
    for arguments, code, said in (
        ((table, "--target", "a", "--loss", "hinge"), 1, "Expected numbers in column 'answer'"),
        ((table, "--target", "answer"), 1, "Expected numbers in column 'answer', got 'yes'"),
        (("gaussian:n=6,d=2", "--loss", "logistic"), 1, "got 6 different ones"),
        ((table, "--target", "a", "--against-rest", "b"), 1, "got 'yes' in row 1"),
        (("gaussian:n=6,d=2", "--against-rest", "b"), 2, "of classes with --against-rest, got"),
        (("gaussian:n=6,d=2", "--loss", "hinge", "--against-rest", "b"), 1, "got 'b' beside"),
        ((table, "--loss", "huber"), 2, "'squared', 'logistic', 'hinge'"),
    ):
        result = relaxgap("solve", *arguments, "--beta", "0.1")
        assert result.exit_code == code
        assert said in result.stderr
        assert not result.stdout
