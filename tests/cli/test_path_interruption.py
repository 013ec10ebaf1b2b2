import csv
import errno
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from children import Child
from click.testing import Result

from relaxgap.errors import DataError
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import Program
from relaxgap.solvers import SemismoothNewton, Solution

Invoke = Callable[..., Result]
SHORT = ("--points", "5")
FILES = {"path.csv", "path.png", "path.pdf"}


def is_stored(folder: Path, rows: list[dict[str, Any]]) -> bool:
    """Whether the CSV holds these rows; floats are written so that they round-trip."""
    with (folder / "path.csv").open() as stream:
        return list(csv.DictReader(stream)) == [
            {name: str(value) for name, value in row.items()} for row in rows
        ]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """Return a way to make the solver raise instead of a point."""
    solve_path = SemismoothNewton.solve_path

    def after(n_points: int, error: BaseException) -> None:
        def stops(
            self: SemismoothNewton, program: Program, betas: Sequence[float], *, deadline: Deadline
        ) -> Iterator[Solution]:
            yield from solve_path(self, program, betas[:n_points])
            raise error

        monkeypatch.setattr(SemismoothNewton, "solve_path", stops)

    return after


def test_an_interrupted_path_keeps_the_points_so_far(
    relaxgap: Invoke,
    file: str,
    tmp_path: Path,
    broken: Callable[[int, BaseException], None],
) -> None:
    broken(3, KeyboardInterrupt())
    folder = tmp_path / "out"
    folder.mkdir()
    result = relaxgap("path", file, *SHORT, "--out", str(folder), "--json")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("relaxgap: interrupted after 3 of 5 points")
    rows = json.loads(result.stdout)["rows"]
    assert len(rows) == 3
    assert is_stored(folder, rows)
    assert {entry.name for entry in folder.iterdir()} == FILES


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (np.linalg.LinAlgError("singular"), "stopped by LinAlgError('singular')"),
        (MemoryError(), "stopped by MemoryError()"),
        (DataError("Expected a"), "stopped by DataError('Expected a')"),
    ],
)
def test_an_error_at_one_point_does_not_take_the_others_with_it(
    relaxgap: Invoke,
    file: str,
    broken: Callable[[int, BaseException], None],
    error: BaseException,
    said: str,
) -> None:
    broken(1, error)
    result = relaxgap("path", file, *SHORT)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split()[-1] == "solved"
    assert f"relaxgap: {said} after 1 of 5 points" in result.stderr.splitlines()[-1]


def test_an_end_before_the_first_point_writes_nothing(
    relaxgap: Invoke, file: str, tmp_path: Path, broken: Callable[[int, BaseException], None]
) -> None:
    broken(0, KeyboardInterrupt())
    result = relaxgap("path", file, *SHORT, "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "interrupted after 0 of 5 points" in result.stderr
    assert not result.stdout
    assert {entry.name for entry in tmp_path.iterdir()} == {"data.npz"}


def test_a_full_disk_is_one_line_after_the_points(
    relaxgap: Invoke, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = relaxgap("path", file, *SHORT, "--out", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split()[-1] == "solved"
    assert "got a full disk" in result.stderr.splitlines()[-1]
    assert {entry.name for entry in tmp_path.iterdir()} == {"data.npz"}


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_solved(child: Callable[..., Child], tmp_path: Path) -> None:
    command = child("path", "gaussian:n=10", "--points", "2000", "--out", ".", "--json")
    command.wait_for_file(tmp_path / "path.csv")
    command.kill(signal.SIGINT)
    code, out, said = command.finish()
    assert code == 1
    assert "Traceback" not in said
    assert "relaxgap: interrupted after" in said
    rows = json.loads(out)["rows"]
    assert 0 < len(rows) < 2000
    assert is_stored(tmp_path, rows)
