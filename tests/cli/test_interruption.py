import csv
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG_SECONDS, Child
from click.testing import Result

from relaxgap.runner import execute
from relaxgap.runner.execute import Outcome
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.store import CellStore

Invoke = Callable[..., Result]
Start = Callable[..., Child]

pytestmark = pytest.mark.slow

CELLS = 3
TWICE = """
import signal
import threading
from relaxgap.runner.executors import local
stop = local._stop
def asked_again(workers):
    # as a terminal does it: at any moment of the end, from outside
    threading.Timer(0, signal.raise_signal, [signal.SIGINT]).start()
    signal.raise_signal(signal.SIGINT)
    stop(workers)
local._stop = asked_again
"""
"""Interrupt the end of the workers once more."""
RUN = (
    "run",
    "data.n=4",
    "~grid.strength",
    f"grid.seed={list(range(CELLS))}".replace(" ", ""),
    "networks.n_starts=1",
    "networks.width=[n]",
    "training.methods.sgd.n_steps=50",
    "training.methods.adam.n_steps=50",
)
ONE_CELL_ONLY = """
import os
from relaxgap.cli import session
from relaxgap.runner import execute
# figures take most of the time of a quick run
session.draw_summary = lambda name, folder: []
execute.whole = execute.run_cell
def first_alone(point, store, version):
    from relaxgap.runner import execute
    if point.cell.seed:
        # Ctrl-C does not reach a worker, and what ends it leaves no words
        signal.pause()
    outcome = getattr(execute, "whole", execute.run_cell)(point, store, version)
    os.write(1, b"stored one cell")
    return outcome
execute.run_cell = first_alone
"""
"""Finish the cell of seed 0, say so, and never finish another: workers get it by value."""


def cells(folder: Path) -> dict[Path, int]:
    """Return the files of the cells with the time they were written."""
    return {
        path: path.stat().st_mtime_ns for path in folder.glob("results/gap_vs_log_n/cells/*.json")
    }


def numbers(results: Path) -> list[dict[str, str]]:
    """Return the summary without its timings."""
    (path,) = results.glob("gap_vs_log_n/*/summary.csv")
    with path.open() as stream:
        return [
            {name: value for name, value in row.items() if not name.endswith("_seconds")}
            for row in csv.DictReader(stream)
        ]


WHOLE: list[list[dict[str, str]]] = []
"""The numbers of a run that nothing interrupted, once there is one."""


def assert_resumed(relaxgap: Invoke, folder: Path) -> None:
    """Run again what was interrupted, and compare with a run that was not."""
    command = (*RUN, "runner.n_jobs=1")
    assert relaxgap(*command).exit_code == 0
    if not WHOLE:
        assert relaxgap(*command, "runner.results_dir=whole").exit_code == 0
        WHOLE.append(numbers(folder / "whole"))
    assert numbers(folder / "results") == WHOLE[0]


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM])
def test_the_same_command_resumes_after_a_signal_and_gives_the_same_numbers(
    child: Start, relaxgap: Invoke, tmp_path: Path, undrawn: None, kill: signal.Signals
) -> None:
    run = child(*RUN, "runner.n_jobs=1", before=ONE_CELL_ONLY)
    run.wait_for("stored one cell")
    run.kill(kill)
    code, _, said = run.finish()
    assert code == 1
    assert "Traceback" not in said
    assert "interrupted; finished cells are kept, the same command resumes" in said
    (stored,) = cells(tmp_path).items()
    assert_resumed(relaxgap, tmp_path)
    assert len(cells(tmp_path)) == CELLS
    assert stored in cells(tmp_path).items()


def workers_of(run: Child) -> list[int]:
    """Return the worker processes of a run."""
    tasks = Path("/proc")
    if not tasks.is_dir():
        pytest.skip("finds the worker through /proc")
    children = (tasks / f"{run.pid}/task/{run.pid}/children").read_text().split()
    return [
        int(worker)
        for worker in children
        if b"LokyProcess" in (tasks / worker / "cmdline").read_bytes()
    ]


def test_a_second_ctrl_c_leaves_the_end_of_a_parallel_run_alone(
    child: Start, tmp_path: Path
) -> None:
    run = child(*RUN, "runner.n_jobs=2", before=ONE_CELL_ONLY + TWICE)
    run.wait_for("stored one cell")
    run.kill(signal.SIGINT)
    code, out, said = run.finish()
    assert code == 1
    assert "Traceback" not in said
    assert said.count("interrupted; finished cells are kept") == 1
    assert "1 of 3 cells finished" in out
    assert len(list(tmp_path.glob("results/gap_vs_log_n/*/summary.csv"))) == 1


def test_a_run_that_is_killed_alone_takes_its_workers_along_and_resumes(
    child: Start, relaxgap: Invoke, tmp_path: Path, undrawn: None
) -> None:
    run = child(*RUN, "runner.n_jobs=2", before=ONE_CELL_ONLY)
    run.wait_for("stored one cell")
    workers = [os.pidfd_open(worker) for worker in workers_of(run)]
    assert len(workers) == 2
    os.kill(run.pid, signal.SIGKILL)
    for worker in workers:
        # readable as soon as the process has ended
        assert select.select([worker], [], [], HANG_SECONDS)[0]
        os.close(worker)
    assert run.finish()[0] == -signal.SIGKILL
    assert_resumed(relaxgap, tmp_path)


def test_a_killed_worker_is_one_line_and_the_same_command_resumes(
    child: Start, relaxgap: Invoke, undrawn: None, tmp_path: Path
) -> None:
    run = child(*RUN, "runner.n_jobs=2", before=ONE_CELL_ONLY)
    run.wait_for("stored one cell")
    workers = workers_of(run)
    os.kill(workers[0], signal.SIGKILL)
    code, _, said = run.finish()
    assert code == 1
    assert "Traceback" not in said
    assert "got one killed, perhaps for memory" in said
    assert_resumed(relaxgap, tmp_path)


def test_ctrl_c_ends_a_sweep_and_not_only_its_job(child: Start, tmp_path: Path) -> None:
    sweep = (*RUN, "runner.n_jobs=1", "-m", "solver.rtol=1e-5,1e-6")
    run = child(*sweep, before=ONE_CELL_ONLY)
    run.wait_for("stored one cell")
    run.kill(signal.SIGINT)
    code, _, said = run.finish()
    assert code == 1
    assert len(cells(tmp_path)) == 1
    assert said.count("interrupted") == 1


def test_a_run_that_was_started_with_ctrl_c_ignored_goes_on(
    relaxgap: Invoke, undrawn: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_cell = execute.run_cell

    def interrupted(point: GridPoint, store: CellStore, version: dict[str, Any]) -> Outcome:
        signal.raise_signal(signal.SIGINT)
        return run_cell(point, store, version)

    monkeypatch.setattr(execute, "run_cell", interrupted)
    disposition = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert relaxgap(*RUN, "runner.n_jobs=1").exit_code == 0
    finally:
        signal.signal(signal.SIGINT, disposition)
    assert len(cells(tmp_path)) == CELLS


def test_cells_that_cannot_be_stored_end_a_parallel_run_in_one_line(
    child: Start, relaxgap: Invoke, tmp_path: Path
) -> None:
    for line in relaxgap(*RUN, "--dry-run").stdout.splitlines()[:-1]:
        # a folder in the place of the file: no rename can succeed
        (tmp_path / "results/gap_vs_log_n/cells" / f"{line.split()[1]}.json").mkdir(parents=True)
    code, _, said = child(*RUN, "runner.n_jobs=2").finish()
    assert code == 1
    assert said.count("relaxgap: Expected to write") == 1
    assert "finished cells are kept" in said
    assert "Warning" not in said
    assert "Traceback" not in said


def test_a_closed_pipe_ends_a_command_silently(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-c", "from relaxgap.cli.main import main; main()", "list"],
        cwd=tmp_path,
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, b"")
