"""A table of houses in natural units: scaled, with biases, held-out rows, and predicted for."""

import csv
import io
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Refusal = Callable[..., str]

FIT = ("--drop", "id", "--one-hot", "material", "--patterns", "gaussian:20", "--rtol", "1e-3")
SCALED = (*FIT, "--beta-fraction", "0.05", "--standardize", "--bias")
PRICE = ("--drop", "dear", "--target", "price")
DEAR = ("--drop", "price", "--target", "dear", "--loss", "logistic")


def rows(n: int) -> list[str]:
    rng = np.random.default_rng(0)
    lines = []
    for i in range(n):
        area, rooms = rng.uniform(40, 200), rng.integers(1, 7)
        material = ("brick", "stone", "wood")[rng.integers(3)]
        price = 2000 * area + 15000 * max(rooms - 3, 0) + rng.normal(0, 1e4)
        dear = "yes" if price > 2.6e5 else "no"
        lines.append(f"{i},{area:.1f},{rooms},{material},{price:.0f},{dear}")
    return lines


@pytest.fixture
def houses(relaxgap: Invoke) -> str:
    """Return the name of a table of houses in the working folder."""
    Path("houses.csv").write_text("\n".join(["id,area,rooms,material,price,dear", *rows(40)]))
    return "houses.csv"


def printed(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


def columns_of(text: str) -> dict[str, list[str]]:
    header, *lines = csv.reader(io.StringIO(text))
    return dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))


def test_gates_that_meet_few_patterns_are_said_with_the_flag_that_helps(
    relaxgap: Invoke, houses: str
) -> None:
    raw = relaxgap(
        "solve", houses, *FIT, *PRICE, "--beta-fraction", "0.05", "--patterns", "gaussian:50"
    )
    (line,) = raw.stderr.splitlines()
    assert "50 gates met only" in line
    assert line.endswith("--standardize.")
    assert not relaxgap("solve", houses, *SCALED, *PRICE).stderr


def test_a_saved_network_predicts_for_raw_rows_in_any_order_of_columns(
    relaxgap: Invoke, houses: str
) -> None:
    solved = printed(relaxgap("solve", houses, *SCALED, *PRICE, "--out", "net.npz", "--json"))
    assert (solved["hidden_bias"], solved["output_bias"]) == ("penalised", "free")
    assert solved["standardized"] is True
    own = columns_of(relaxgap("predict", "net.npz", houses).stdout)["prediction"]
    Path("new.csv").write_text("material,rooms,area\nstone,4,120.0\nwood,2,60.0\n")
    first, second = map(
        float, columns_of(relaxgap("predict", "net.npz", "new.csv").stdout)["prediction"]
    )
    assert second < first
    prices = [float(line.split(",")[4]) for line in rows(40)]
    error = np.mean((np.array(own, dtype=float) - prices) ** 2)
    assert error < 0.2 * np.var(prices)
    said = relaxgap("predict", "net.npz", houses, "--out", "p.csv")
    assert not said.stdout
    assert f"the mean squared error is {error:.6g}" in said.stderr
    assert columns_of(Path("p.csv").read_text())["prediction"] == own


def test_a_saved_network_is_certified_with_all_that_it_remembers(
    relaxgap: Invoke, houses: str
) -> None:
    solved = printed(relaxgap("solve", houses, *SCALED, *PRICE, "--out", "net.npz", "--json"))
    row = printed(
        relaxgap("certify", houses, "--network", "net.npz", "--time-limit", "1", "--json")
    )
    assert row["beta"] == solved["beta"]
    assert row["beta_source"] == "remembered"
    assert row["standardized"] is True
    assert row["network_value"] == pytest.approx(solved["primal_value"], rel=1e-3)
    assert row["network_value"] <= float(str(solved["primal_value"])) * (1.0 + 1e-9)


def test_classes_are_predicted_by_name_with_a_probability(relaxgap: Invoke, houses: str) -> None:
    relaxgap("solve", houses, *SCALED, *DEAR, "--out", "net.npz")
    said = relaxgap("predict", "net.npz", houses)
    found = columns_of(said.stdout)
    assert list(found) == ["class", "output", "probability_of_yes"]
    for name, output, probability in zip(*found.values(), strict=True):
        assert name == ("yes" if float(output) > 0.0 else "no")
        assert float(probability) == pytest.approx(1.0 / (1.0 + np.exp(-float(output))))
    right = np.mean(
        [row.split(",")[5] == name for row, name in zip(rows(40), found["class"], strict=True)]
    )
    assert f"{100 * right:.4g}% are classified right" in said.stderr
    plain = printed(relaxgap("predict", "net.npz", houses, "--json"))
    assert plain["classes"] == found["class"]
    assert plain["test_accuracy"] == right


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("material,rooms,area\nstraw,4,120.0\n", "got 'straw' in row 1 below the header"),
        ("material,rooms,area\nwood,,120.0\n", "row 1 of 'rooms'"),
        ("material,rooms\nwood,4\n", "'area'"),
        ("material,rooms,area,garden\nwood,4,120.0,1\n", "'garden'"),
        ("material,rooms,area\n", "header only"),
    ],
)
def test_rows_that_are_not_those_of_the_fit_are_refused_in_one_line(
    relaxgap: Invoke, refusal: Refusal, houses: str, text: str, said: str
) -> None:
    relaxgap("solve", houses, *SCALED, *PRICE, "--out", "net.npz")
    Path("new.csv").write_text(text)
    message = refusal(1, "predict", "net.npz", "new.csv")
    assert message.startswith("relaxgap: new.csv: Expected")
    assert said in message


def test_held_out_rows_change_no_certificate(relaxgap: Invoke, houses: str) -> None:
    lines = Path(houses).read_text().splitlines()
    Path("train.csv").write_text("\n".join(lines[:31]))
    Path("test.csv").write_text("\n".join([lines[0], *lines[31:]]))
    alone = printed(relaxgap("solve", "train.csv", *SCALED, *PRICE, "--json"))
    tested = printed(
        relaxgap("solve", "train.csv", *SCALED, *PRICE, "--json", "--test", "test.csv")
    )
    assert tested["test_n"] == 10
    for name in ("primal_value", "dual_value", "beta"):
        assert tested[name] == alone[name]
    part = printed(relaxgap("solve", houses, *SCALED, *PRICE, "--json", "--test-fraction", "0.25"))
    assert part["test_n"] == 10
    assert 0.0 < float(str(part["test_mean_squared_error"])) < 1e9


def test_a_path_says_which_beta_is_best_on_held_out_rows(relaxgap: Invoke, houses: str) -> None:
    Path("out").mkdir()
    found = printed(
        relaxgap(
            "path", houses, *FIT, *DEAR, "--standardize", "--bias", "--points", "4", "--json",
            "--test-fraction", "0.3", "--out", "out",
        )
    )  # fmt: skip
    errors = [row["test_error"] for row in found["rows"]]
    best = int(np.argmin(errors))
    assert found["best_beta"] == found["rows"][best]["beta"]
    assert found["test_log_loss"] == errors[best]
    assert {file.name for file in Path("out").iterdir()} == {
        "path.csv", "path.png", "path.pdf", "best.npz",
    }  # fmt: skip
    assert relaxgap("predict", "out/best.npz", houses).exit_code == 0


def test_a_label_that_the_fit_did_not_know_loses_no_fit(relaxgap: Invoke, houses: str) -> None:
    Path("test.csv").write_text("area,rooms,material,dear\n100,3,wood,maybe\n")
    result = relaxgap("solve", houses, *SCALED, *DEAR, "--test", "test.csv", "--out", "net.npz")
    assert result.exit_code == 1
    assert "got 'maybe' in row 1" in result.stderr
    assert "primal_value" in result.stdout
    assert Path("net.npz").exists()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--test-fraction", "1.5"), 2, "--test-fraction between 0 and 1"),
        (("--test-fraction", "0.2", "--test", "houses.csv"), 2, "got both"),
        (("--penalise", "weights", "--program", "gated"), 2, "for the gated program"),
        (("--minimal", "--program", "gated"), 2, "whose networks have no neurons to merge"),
        (("--out", "net.txt"), 2, "to end in .npz or .pt"),
    ],
)
def test_options_that_contradict_each_other_are_refused_in_one_line(
    refusal: Refusal, houses: str, options: tuple[str, ...], code: int, said: str
) -> None:
    assert said in refusal(code, "solve", houses, *SCALED, *PRICE, *options)


def test_a_single_class_is_refused_with_a_free_output_bias(
    refusal: Refusal, relaxgap: Invoke
) -> None:
    Path("one.csv").write_text("a,y\n1,yes\n2,yes\n")
    message = refusal(1, "solve", "one.csv", "--loss", "logistic", "--beta", "1", "--bias")
    assert "Expected two classes for a free output bias, got 'yes' alone" in message


def test_a_minimal_network_has_no_larger_loss(relaxgap: Invoke, houses: str) -> None:
    values = {}
    for name, options in (("all", ()), ("minimal", ("--minimal",))):
        out = f"{name}.npz"
        solved = printed(
            relaxgap("solve", houses, *SCALED, *PRICE, *options, "--json", "--out", out)
        )
        row = printed(
            relaxgap("certify", houses, "--network", out, "--time-limit", "0.5", "--json")
        )
        values[name] = row["network_value"], row["width"]
        assert row["width"] == solved["active_blocks"]
    assert values["minimal"][0] <= values["all"][0] * (1.0 + 1e-9)
    assert values["minimal"][1] <= values["all"][1]


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_a_state_dict_asks_for_pytorch_before_the_work(refusal: Refusal, houses: str) -> None:
    message = refusal(1, "solve", houses, *SCALED, *PRICE, "--out", "net.pt")
    assert "pip install 'relaxgap[torch]'" in message


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_state_dict_predicts_as_the_network_does(relaxgap: Invoke, houses: str) -> None:
    for out in ("net.pt", "net.npz"):
        assert relaxgap("solve", houses, *SCALED, *PRICE, "--out", out).exit_code == 0
    X = np.random.default_rng(0).uniform(0, 100, (9, 5))
    np.savez("rows.npz", X=X)
    found = [
        np.array(printed(relaxgap("predict", out, "rows.npz", "--json"))["outputs"])
        for out in ("net.pt", "net.npz")
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
