"""Two processes that run one experiment over one store leave one summary, of all there is."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from children import Child
from click.testing import Result

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.lock import alone_in
from relaxgap.runner.store import CellStore
from relaxgap.runner.summary import summary_text

pytestmark = pytest.mark.slow

EXPERIMENT = EXPERIMENTS["gap_vs_log_n"]
RUN = (
    "run",
    "data.n=4",
    "~grid.strength",
    "networks.n_starts=1",
    "networks.width=[n]",
    "training.methods.sgd.n_steps=50",
    "training.methods.adam.n_steps=50",
    "runner.n_jobs=1",
)
UNDRAWN = """
from relaxgap.cli import session
session.draw_summary = lambda name, folder: []
"""
SECOND_REFUSED = f"""{UNDRAWN}
from relaxgap.runner import execute
compute = execute.compute_cell
execute.compute_cell = lambda point, version: (
    execute.Computed(None, "of the test") if point.cell.seed else compute(point, version)
)
"""


@pytest.fixture
def store(tmp_path: Path) -> CellStore:
    return CellStore(tmp_path / "results" / EXPERIMENT.name / "cells", EXPERIMENT.columns)


def keys(relaxgap: Callable[..., Result], *command: str) -> list[str]:
    return [line.split()[1] for line in relaxgap(*command, "--dry-run").stdout.splitlines()[:-1]]


def summary(store: CellStore) -> str:
    (path,) = store.folder.parent.glob("*/summary.csv")
    return path.read_text()


def test_the_summary_of_two_runs_at_once_is_that_of_the_cells(
    child: Callable[..., Child], relaxgap: Callable[..., Result], store: CellStore
) -> None:
    command = (*RUN, "grid.seed=0..2")
    for run in [child(*command, before=UNDRAWN) for _ in range(2)]:
        assert run.finish()[0] == 0
    cells = [store.load(key) for key in keys(relaxgap, *command)]
    assert len(cells) == 3
    assert summary(store) == summary_text(EXPERIMENT, [cell for cell in cells if cell])


def test_a_run_that_ends_early_leaves_out_no_cell_of_another(
    child: Callable[..., Child], relaxgap: Callable[..., Result], store: CellStore
) -> None:
    command = (*RUN, "grid.seed=0..1")
    first, second = keys(relaxgap, *command)
    store.folder.mkdir(parents=True)
    with alone_in(store.folder):
        run = child(*command, before=SECOND_REFUSED)
        run.wait_for("1 failed", "stderr")
        finished = store.load(first)
        assert finished is not None
        store.save(second, {name: part for name, part in finished.items() if name != "key"})
    assert run.finish()[0] == 1
    cells = {row["cell"] for row in csv.DictReader(summary(store).splitlines())}
    assert cells == {first[:8], second[:8]}
