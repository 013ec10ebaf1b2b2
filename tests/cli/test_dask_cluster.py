"""The same grid on the workers of a Dask cluster: what is lost, kept and said."""

import csv
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from children import Child
from click.testing import Result
from cluster import Cells, ClusterProcess

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner import execute
from relaxgap.runner.store import CellStore

Invoke = Callable[..., Result]

pytestmark = pytest.mark.slow

NAME = "gap_vs_log_n"
SILENCE_SECONDS = 15


@pytest.fixture
def cluster() -> Iterator[Callable[..., ClusterProcess]]:
    """Return a way to start a cluster; none outlives the test."""
    with ExitStack() as started:

        def start(n_workers: int, port: int = 0) -> ClusterProcess:
            process = ClusterProcess(n_workers, port)
            started.callback(process.kill)
            return process

        yield start


@pytest.fixture
def cells(
    monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> Iterator[Callable[[Callable[[int, int, int], bool]], Cells]]:
    """Return a way to have the cells ask the test what to do."""
    monkeypatch.setattr("relaxgap.cli.session.result_table", lambda name, folder: "")
    with ExitStack() as started:

        def ask(decide: Callable[[int, int, int], bool]) -> Cells:
            asking = Cells(decide)
            started.callback(asking.close)
            monkeypatch.setattr(execute, "compute_cell", asking.compute)
            return asking

        yield ask


def grid(n_cells: int) -> tuple[str, ...]:
    return "run", "data.n=4", "~grid.strength", f"grid.seed=0..{n_cells - 1}"


def on(cluster: ClusterProcess) -> tuple[str, ...]:
    chosen = ("runner=dask", f"runner.scheduler={cluster.address}")
    return (*chosen, f"runner.silence_seconds={SILENCE_SECONDS}")


def stored_seeds(folder: Path) -> list[int]:
    store = CellStore(folder / "results" / NAME / "cells", EXPERIMENTS[NAME].columns)
    stored = [store.load(path.stem) for path in store.folder.glob("*.json")]
    return sorted(content["cell"]["seed"] for content in stored if content is not None)


def summary(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob(f"{NAME}/*/summary.csv")
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_workers_that_are_killed_or_frozen_lose_their_own_cell_and_no_other(
    relaxgap: Invoke,
    cluster: Callable[..., ClusterProcess],
    cells: Callable[..., Cells],
    tmp_path: Path,
) -> None:
    def decide(seed: int, process: int, start: int) -> bool:
        if seed == 0:
            os.kill(process, signal.SIGKILL)
        elif seed == 1 and start == 1:
            os.kill(process, signal.SIGSTOP)
        else:
            return True
        return False

    asked = cells(decide)
    result = relaxgap(*grid(6), *on(cluster(3)))
    assert result.exit_code == 1
    assert "cell failed: seed=0: Expected its worker to finish, got 2 lost" in result.stderr
    assert "their logs are with the workers of tcp://" in result.stderr
    assert "relaxgap: 1 cells failed; the same command tries them again" in result.stderr
    assert len(result.stderr.splitlines()) == 3
    assert {seed: len(starts) for seed, starts in asked.starts.items()} == {
        **dict.fromkeys(range(6), 1),
        0: 2,
        1: 2,
    }
    assert stored_seeds(tmp_path) == [1, 2, 3, 4, 5]
    assert [row["seed"] for row in summary(tmp_path / "results")] == [
        f"seed of {seed}" for seed in range(1, 6)
    ]


def test_a_scheduler_that_disappears_is_one_line_and_the_same_command_resumes(
    relaxgap: Invoke,
    cluster: Callable[..., ClusterProcess],
    cells: Callable[..., Cells],
    tmp_path: Path,
) -> None:
    first = cluster(1)

    def decide(seed: int, process: int, start: int) -> bool:
        if seed == 1 and start == 1:
            first.kill()
            return False
        return True

    asked = cells(decide)
    command = (*grid(3), *on(first))
    result = relaxgap(*command)
    assert result.exit_code == 1
    assert "Expected the Dask scheduler to answer until the last cell" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert stored_seeds(tmp_path) == [0]
    cluster(1, first.port)
    again = relaxgap(*command)
    assert again.exit_code == 0, again.stderr
    assert stored_seeds(tmp_path) == [0, 1, 2]
    assert {seed: len(starts) for seed, starts in asked.starts.items()} == {0: 1, 1: 2, 2: 1}


def test_an_address_that_nobody_listens_on_is_one_line_before_any_work(
    refusal: Callable[..., str],
) -> None:
    with socket.socket() as taken:
        # bound, so that no other process listens there, and not listening
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        said = refusal(2, *grid(2), "runner=dask", f"runner.scheduler={address}")
    assert f"Expected a Dask scheduler at {address!r}, got no answer" in said


def test_a_cluster_of_its_own_gives_the_numbers_of_a_local_run(
    relaxgap: Invoke, undrawn: None, tmp_path: Path
) -> None:
    quick = ("networks.n_starts=1", "networks.width=[n]")
    steps = ("training.methods.sgd.n_steps=50", "training.methods.adam.n_steps=50")
    command = (*grid(3), *quick, *steps)
    here = relaxgap(*command, "runner.n_jobs=1", "runner.results_dir=here")
    there = relaxgap(*command, "runner=dask", "runner.n_jobs=2", "runner.results_dir=there")
    assert (here.exit_code, there.exit_code) == (0, 0)
    assert len(there.stderr.splitlines()) == 1
    timeless = [
        [{k: v for k, v in row.items() if not k.endswith("_seconds")} for row in rows]
        for rows in (summary(tmp_path / "here"), summary(tmp_path / "there"))
    ]
    assert timeless[0] == timeless[1]
    assert len(timeless[0]) == 18
    assert not (tmp_path / "there" / NAME / "logs").exists()


INTERRUPTED = """
import threading
from relaxgap.cli import session
from relaxgap.runner import execute
session.draw_summary = lambda name, folder: []
whole = execute.compute_cell
def first_alone(point, version, whole=whole):
    if point.cell.seed:
        print("started another", flush=True)
        threading.Event().wait()
    return whole(point, version)
execute.compute_cell = first_alone
"""
"""Finish the cell of seed 0 and never another: workers get it by value."""


def test_ctrl_c_keeps_finished_cells_and_ends_the_workers(
    child: Callable[..., Child], relaxgap: Invoke, tmp_path: Path
) -> None:
    quick = ("networks.n_starts=1", "networks.width=[n]")
    steps = ("training.methods.sgd.n_steps=50", "training.methods.adam.n_steps=50")
    command = (*grid(3), *quick, *steps)
    key = relaxgap(*command, "--dry-run").stdout.split()[1]
    run = child(*command, "runner=dask", "runner.n_jobs=2", before=INTERRUPTED)
    run.wait_for_file(tmp_path / "results" / NAME / "cells" / f"{key}.json")
    logs = tmp_path / "results" / NAME / "logs" / str(run.pid)
    workers = [int(log.stem.partition("-")[2]) for log in logs.glob("worker-*.log")]
    assert len(workers) == 2
    run.kill(signal.SIGINT)
    code, out, said = run.finish()
    assert code == 1
    assert "Traceback" not in said
    assert said.count("interrupted; finished cells are kept, the same command resumes") == 1
    assert "1 of 3 cells finished" in out
    assert stored_seeds(tmp_path) == [0]
    for worker in workers:
        # they are waited for
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert any("started another" in log.read_text() for log in logs.glob("worker-*.log"))
