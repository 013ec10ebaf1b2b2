import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from composed import compose_plain
from threadpoolctl import threadpool_info

from relaxgap.errors import DataError
from relaxgap.experiments.gap_vs_log_n.cell import Record
from relaxgap.experiments.parts.cell import Cell
from relaxgap.runner.execute import Outcome, missing_cells
from relaxgap.runner.executors.local import LocalProcesses
from relaxgap.runner.grid import GridPoint, grid_points
from relaxgap.runner.store import CellStore

Function = Callable[[Cell[Any]], Sequence[Record]]


@pytest.fixture
def points() -> list[GridPoint]:
    config = compose_plain(["data.n=4"])
    config["grid"] = {"seed": [0, 1, 2]}
    return grid_points(config)


@pytest.fixture
def store(tmp_path: Path) -> CellStore:
    return CellStore(tmp_path / "cells")


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Function], None]:
    """Return a way to replace what a cell of gap_vs_log_n does."""

    def become(function: Function) -> None:
        monkeypatch.setattr("relaxgap.experiments.gap_vs_log_n.cell.run", function)

    return become


def run_here(points: Sequence[GridPoint], store: CellStore) -> list[Outcome]:
    with LocalProcesses(1).running(points, store) as outcomes:
        return list(outcomes)


def record(cell: Cell[Any]) -> list[Record]:
    values: dict[str, Any] = {
        "data": "none",
        "n": 4,
        "d": 2,
        "beta": 0.1,
        "beta_fraction": None,
        "method": "exact",
        "size_rule": "",
        "n_gates": None,
        "n_patterns": 8,
        "width": None,
        "start": None,
        "status": "solved",
        "primal_value": 1.0,
        "dual_value": 1.0,
        "n_iterations": 1,
        "solve_seconds": 0.0,
    }
    return [Record(seed=cell.seed, **values)]


def test_finished_cells_are_not_missing_unless_forced(
    points: list[GridPoint], store: CellStore, experiment: Callable[[Function], None]
) -> None:
    experiment(record)
    assert missing_cells(points, store) == points
    outcomes = run_here(points[:2], store)
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert missing_cells(points, store) == points[2:]
    assert missing_cells(points, store, force=True) == points


def test_an_unexpected_error_is_recorded_with_its_traceback_and_stops_no_other_cell(
    points: list[GridPoint], store: CellStore, experiment: Callable[[Function], None]
) -> None:
    def breaks_at_1(cell: Cell[Any]) -> list[Record]:
        if cell.seed == 1:
            raise ZeroDivisionError("of the test")
        return record(cell)

    experiment(breaks_at_1)
    outcomes = {o.point.cell.seed: o for o in run_here(points, store)}
    path = store.error_path(points[1].key)
    assert outcomes[1].error == f"ZeroDivisionError: of the test (traceback in {path})"
    assert "breaks_at_1" in path.read_text()
    assert missing_cells(points, store) == [points[1]]
    assert not outcomes[0].error
    assert not outcomes[2].error


def test_an_error_raised_on_purpose_is_one_line_without_a_traceback(
    points: list[GridPoint], store: CellStore, experiment: Callable[[Function], None]
) -> None:
    def refuses(cell: Cell[Any]) -> list[Record]:
        raise DataError("Expected data,\n got none.")

    experiment(refuses)
    (outcome,) = run_here(points[:1], store)
    assert outcome.error == "Expected data, got none."
    assert not store.folder.exists()


def test_a_full_disk_is_the_outcome_of_the_cell_it_hits(
    points: list[GridPoint],
    store: CellStore,
    experiment: Callable[[Function], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment(record)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (outcome,) = run_here(points[:1], store)
    assert "got a full disk" in outcome.storage_error
    assert list(store.folder.iterdir()) == []


def test_a_cell_sees_one_blas_thread(
    points: list[GridPoint], store: CellStore, experiment: Callable[[Function], None]
) -> None:
    seen: list[int] = []

    def counts(cell: Cell[Any]) -> list[Record]:
        seen.extend(library["num_threads"] for library in threadpool_info())
        return record(cell)

    experiment(counts)
    run_here(points[:1], store)
    assert set(seen) == {1}
