import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from relaxgap.data import Dataset
from relaxgap.networks import TwoLayerNetwork

Invoke = Callable[..., Result]
Refusal = Callable[..., str]


def solved(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    row: dict[str, Any] = json.loads(result.stdout)
    return row


def timed_out(result: Result) -> dict[str, Any]:
    """Return the record of a solve whose own time limit ran out: it says so, and is no failure."""
    assert result.exit_code == 0, result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "The time ran out before the accuracy asked for; the bracket holds." in result.stderr
    row: dict[str, Any] = json.loads(result.stdout)
    return row


@pytest.fixture
def nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a way to make every arrangement too large to enumerate without asking."""
    return lambda: monkeypatch.setattr("relaxgap.analysis.strength.MAX_BITS_SOLVED_AT_ONCE", 0)


def test_a_small_arrangement_is_enumerated_whatever_the_limit(relaxgap: Invoke, file: str) -> None:
    row = solved(relaxgap("solve", file, "--beta", "0.1", "--limit", "3", "--json"))
    assert (row["solver"], row["certificate"]) == ("semismooth_newton", "enumeration")
    assert (row["n_patterns"], row["complete"]) == (12, True)


def test_a_large_arrangement_is_bracketed_without_a_list(relaxgap: Invoke) -> None:
    chosen = ("gaussian:n=40", "--beta", "1", "--time-limit", "1e-9", "--json")
    row = timed_out(relaxgap("solve", *chosen))
    assert (row["solver"], row["status"]) == ("global_optimum", "time_limit")
    # 2^39: Cover's count for n = 2d
    assert (row["n_patterns"], row["complete"]) == (1 << 39, True)
    assert 0.0 < row["dual_value"] <= row["primal_value"]
    assert "n_patterns          549755813888\n" in relaxgap("solve", *chosen[:-1]).stdout


def test_a_count_of_many_digits_is_a_power_of_ten_in_the_text(relaxgap: Invoke) -> None:
    chosen = ("gaussian:n=100", "--beta", "1e3", "--time-limit", "1e-9")
    assert "n_patterns          about 10^29\n" in relaxgap("solve", *chosen).stdout
    # 2^99
    row = solved(relaxgap("solve", *chosen, "--json"))
    assert row["n_patterns"] == 1 << 99


@pytest.mark.parametrize("strength", [("--beta", "0.1"), ("--beta-fraction", "0.1")], ids=str)
def test_both_ways_bracket_the_same_optimum(
    relaxgap: Invoke, file: str, nothing_is_small: Callable[[], None], strength: tuple[str, str]
) -> None:
    chosen = ("solve", file, *strength, "--rtol", "1e-4", "--json")
    enumerated = solved(relaxgap(*chosen))
    nothing_is_small()
    bracketed = solved(relaxgap(*chosen))
    assert enumerated.keys() == bracketed.keys()
    assert bracketed["solver"] == "global_optimum"
    assert bracketed["status"] == "solved"
    assert bracketed["complete"] is True
    assert bracketed["n_patterns"] == 12
    assert bracketed["beta"] == pytest.approx(enumerated["beta"], rel=1e-9)
    assert bracketed["max_cone_violation"] <= 1e-12
    assert bracketed["dual_value"] <= enumerated["primal_value"] * (1.0 + 1e-8)
    assert enumerated["dual_value"] <= bracketed["primal_value"] * (1.0 + 1e-8)


def test_the_written_network_has_the_value_that_was_said(
    relaxgap: Invoke, file: str, data: Dataset, nothing_is_small: Callable[[], None]
) -> None:
    nothing_is_small()
    row = solved(relaxgap("solve", file, "--beta", "0.1", "--out", "net.npz", "--json"))
    with np.load("net.npz") as arrays:
        network = TwoLayerNetwork(arrays["hidden"], arrays["output"])
    assert network.width == row["active_blocks"]
    assert network.training_loss(data, 0.1) == pytest.approx(row["primal_value"], rel=1e-9)
    said = relaxgap("solve", file, "--beta", "0.1").stdout
    assert "all two-layer ReLU networks of any width" in said


def test_a_beta_above_beta_max_gives_the_zero_network(
    relaxgap: Invoke, file: str, data: Dataset, nothing_is_small: Callable[[], None]
) -> None:
    nothing_is_small()
    row = solved(relaxgap("solve", file, "--beta-fraction", "1.5", "--json"))
    assert (row["active_blocks"], row["status"]) == (0, "solved")
    assert row["primal_value"] == pytest.approx(0.5 * float(data.y @ data.y), rel=1e-12)


def test_gated_programs_and_named_solvers_enumerate_as_before(
    relaxgap: Invoke, file: str, nothing_is_small: Callable[[], None]
) -> None:
    nothing_is_small()
    for chosen in (("--program", "gated"), ("--solver", "semismooth_newton")):
        row = solved(relaxgap("solve", file, "--beta", "0.1", *chosen, "--json"))
        assert (row["solver"], row["n_patterns"]) == ("semismooth_newton", 12)
        assert row["certificate"] == "enumeration"
    sampled = ("--patterns", "gaussian:4")
    row = solved(relaxgap("solve", file, "--beta", "0.1", *sampled, "--json"))
    assert (row["certificate"], row["complete"]) == ("chosen_patterns", False)


@pytest.mark.parametrize("limit", ["0", "-1", "nan"])
def test_a_time_limit_that_is_none_is_one_line(refusal: Refusal, file: str, limit: str) -> None:
    message = refusal(2, "solve", file, "--beta", "0.1", "--time-limit", limit)
    assert "time limit above 0 seconds" in message


def test_another_precision_is_refused_where_nothing_is_enumerated(
    refusal: Refusal, file: str, nothing_is_small: Callable[[], None]
) -> None:
    nothing_is_small()
    message = refusal(2, "solve", file, "--beta", "0.1", "--dtype", "float32")
    assert "take solver semismooth_newton" in message


def test_a_fraction_of_nothing_is_one_line(
    refusal: Refusal, tmp_path: Path, nothing_is_small: Callable[[], None]
) -> None:
    nothing_is_small()
    np.savez(tmp_path / "flat.npz", X=[[1.0, 2.0]], y=[0.0])
    message = refusal(2, "solve", "flat.npz", "--beta-fraction", "0.1")
    assert "beta_max = 0" in message
