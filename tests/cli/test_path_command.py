import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from relaxgap.analysis.solved_path import PathPoint
from relaxgap.numerics.backend import Backend
from relaxgap.solvers import SemismoothNewton, Solution

Invoke = Callable[..., Result]
Refusal = Callable[..., str]
COLUMNS = [field.name for field in fields(PathPoint) if field.name != "test_error"]
SHORT = ("--points", "5")
FILES = {"path.csv", "path.png", "path.pdf"}


def followed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    path: dict[str, Any] = json.loads(result.stdout)
    return path


@pytest.mark.parametrize("program", ["relu", "gated"])
def test_the_path_starts_at_zero_and_every_point_is_certified(
    relaxgap: Invoke, file: str, program: str
) -> None:
    path = followed(relaxgap("path", file, *SHORT, "--program", program, "--json"))
    rows = path["rows"]
    assert (path["program"], path["n_patterns"], path["complete"]) == (program, 12, True)
    assert (path["solver"], path["threads"], path["n_points"]) == ("semismooth_newton", 1, 5)
    assert [row["beta_fraction"] for row in rows] == pytest.approx(np.geomspace(1.0, 1e-3, 5))
    assert rows[0]["beta"] == path["beta_max"]
    assert [rows[0][name] for name in ("penalty", "active_blocks", "n_iterations")] == [0, 0, 0]
    for row in rows:
        assert list(row) == COLUMNS
        assert row["status"] == "solved"
        assert 0.0 <= row["relative_gap"] <= 1e-6
        assert row["beta"] == row["beta_fraction"] * path["beta_max"]
        value = row["loss"] + row["beta"] * row["penalty"]
        # a primal value is rounded up
        assert value <= row["primal_value"] * (1.0 + 1e-15)
        assert row["primal_value"] == pytest.approx(value, rel=1e-11)


def test_a_point_of_the_path_has_the_bracket_that_solve_finds(relaxgap: Invoke, file: str) -> None:
    chosen = ("--patterns", "gaussian:4", "--seed", "3", "--json")
    ends = ("--points", "2", "--smallest-fraction", "0.1")
    row = followed(relaxgap("path", file, *ends, *chosen))["rows"][-1]
    alone = json.loads(relaxgap("solve", file, "--beta-fraction", "0.1", *chosen).stdout)
    assert row["beta"] == alone["beta"]
    assert row["dual_value"] <= alone["primal_value"] * (1.0 + 1e-13)
    assert alone["dual_value"] <= row["primal_value"] * (1.0 + 1e-13)


def test_the_table_goes_to_stdout_and_progress_to_stderr(relaxgap: Invoke, file: str) -> None:
    result = relaxgap("path", file, *SHORT)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == COLUMNS
    assert [line.split()[-1] for line in lines[1:6]] == ["solved"] * 5
    assert "all two-layer ReLU networks of any width" in lines[-1]
    assert "5/5" in result.stderr
    assert "relaxgap" not in result.stderr


def test_points_that_miss_the_tolerance_are_counted(
    relaxgap: Invoke, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(rtol: float, backend: Backend) -> SemismoothNewton:
        return SemismoothNewton(rtol, 1, backend)

    monkeypatch.setattr("relaxgap.analysis.regularisation_path.SemismoothNewton", hasty)
    arguments = ("path", file, *SHORT, "--rtol", "1e-10", "--patterns", "gaussian:3")
    result = relaxgap(*arguments)
    assert result.exit_code == 4
    assert "Expected a relative gap of 1e-10 at each of 5 points" in result.stderr
    assert "restricted to these" in result.stdout
    assert "of 5 points did not reach rtol" in result.stdout


@pytest.mark.parametrize("n_done", [0, 2])
def test_a_time_limit_that_runs_out_keeps_the_points_so_far(
    relaxgap: Invoke, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_done: int
) -> None:
    # solutions handed on, once the path has begun
    done: list[Solution | None] = []
    solve_path = SemismoothNewton.solve_path

    def followed_path(*given: Any, **chosen: Any) -> Iterator[Solution]:
        done.append(None)
        for solution in solve_path(*given, **chosen):
            yield solution
            done.append(solution)

    def now() -> float:
        return 1e9 if len(done) > n_done else 0.0

    monkeypatch.setattr("relaxgap.numerics.clock.time", SimpleNamespace(monotonic=now))
    monkeypatch.setattr(SemismoothNewton, "solve_path", followed_path)
    arguments = ("path", file, *SHORT, "--time-limit", "10", "--out", str(tmp_path))
    result = relaxgap(*arguments)
    assert result.exit_code == 0
    said = f"The time ran out after {n_done} of 5 points; what is finished is kept."
    assert result.stderr.splitlines()[-1] == f"relaxgap: {said}"
    assert said in result.stdout
    if n_done:
        with (tmp_path / "path.csv").open() as stream:
            assert [row["status"] for row in csv.DictReader(stream)] == ["solved"] * n_done
    done.clear()
    path = json.loads(relaxgap(*arguments, "--json").stdout)
    assert (path["n_points"], len(path["rows"])) == (5, n_done)


def test_a_time_limit_that_leaves_no_time_for_beta_max_is_one_line(
    refusal: Refusal, file: str
) -> None:
    assert "got 1e-09 seconds; raise --time-limit" in refusal(
        2, "path", file, "--time-limit", "1e-9"
    )


def test_the_csv_holds_the_numbers_exactly(relaxgap: Invoke, file: str, tmp_path: Path) -> None:
    path = followed(relaxgap("path", file, *SHORT, "--out", str(tmp_path), "--json"))
    with (tmp_path / "path.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [{name: str(value) for name, value in row.items()} for row in path["rows"]]
    assert list(rows[0]) == COLUMNS


def test_the_files_written_are_named(relaxgap: Invoke, file: str, tmp_path: Path) -> None:
    result = relaxgap("path", file, *SHORT, "--out", str(tmp_path))
    written = result.stdout.partition("written:\n")[2].split()
    assert {Path(name) for name in written} == {tmp_path / name for name in FILES}
    assert all(Path(name).is_file() for name in written)


def test_a_file_that_cannot_be_written_is_one_line_after_the_table(
    relaxgap: Invoke, file: str, tmp_path: Path
) -> None:
    (tmp_path / "path.csv").mkdir()
    result = relaxgap("path", file, *SHORT, "--out", str(tmp_path), "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["rows"]) == 5
    assert "Expected to write" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-limit", "0"], "time limit above 0 seconds, got 0"),
        (["--time-limit", "nan"], "time limit above 0 seconds, got nan"),
        (["--points", "1"], "--points >= 2, got 1"),
        (["--smallest-fraction", "1"], "below 1, got 1.0"),
        (["--smallest-fraction", "0"], "got 0.0; try 1e-3"),
        (["--smallest-fraction", "-0.1"], "got -0.1; try 1e-3"),
        (["--smallest-fraction", "nan"], "got nan; try 1e-3"),
        (["--smallest-fraction", "1e-300"], "from 1e-12 to below 1"),
        (["--rtol", "0"], "0 < --rtol < 1, got 0"),
        (["--patterns", "gaussian:0"], "try gaussian:50"),
        (["--out", "/nowhere"], "got /nowhere; create it first"),
    ],
)
def test_a_wrong_option_is_one_line_with_exit_code_2(
    refusal: Refusal, file: str, arguments: list[str], said: str
) -> None:
    assert said in refusal(2, "path", file, *arguments)


@pytest.mark.parametrize("arguments", [["--points", "x"], ["--out", "data.npz"], ["--beta", "1"]])
def test_a_usage_error_has_exit_code_2_and_no_traceback(
    relaxgap: Invoke, file: str, arguments: list[str]
) -> None:
    result = relaxgap("path", file, *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("program", ["relu", "gated"])
def test_data_whose_optimum_is_zero_at_every_beta_are_one_line(
    refusal: Refusal, tmp_path: Path, program: str
) -> None:
    positive, off = tmp_path / "positive.npz", tmp_path / "off.npz"
    np.savez(positive, X=np.array([[1.0, 0.0], [1.0, 1.0], [2.0, 0.5]]), y=np.arange(3.0))
    np.savez(off, gates=-np.ones((1, 2)))
    chosen = ("--patterns", str(off), "--program", program)
    assert "beta_max = 0 up to rounding" in refusal(1, "path", str(positive), *chosen)


@pytest.mark.parametrize(
    ("X", "y"), [(np.zeros((3, 2)), np.arange(3.0)), (np.eye(3), np.zeros(3))], ids=["X", "y"]
)
def test_zero_data_are_one_line(
    refusal: Refusal, tmp_path: Path, X: np.ndarray, y: np.ndarray
) -> None:
    path = tmp_path / "zero.npz"
    np.savez(path, X=X, y=y)
    assert str(path) in refusal(1, "path", str(path))
