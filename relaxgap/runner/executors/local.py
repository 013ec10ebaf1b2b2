"""Cells in processes of this machine."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor, cpu_count

from relaxgap.experiments.timing.lifetime import end_with
from relaxgap.numerics.workers import ONE_THREAD
from relaxgap.runner import execute, interrupts
from relaxgap.runner.execute import Outcome
from relaxgap.runner.executors.executor import EndedEarlyError
from relaxgap.runner.executors.signals import kept_from_workers
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.manifest import source_version
from relaxgap.runner.store import CellStore


def n_workers(n_jobs: int, n_cells: int) -> int:
    """Return how many processes to start: -1 asks for one a core, and no cell needs two."""
    return min(n_jobs if n_jobs > 0 else cpu_count(), n_cells)


@dataclass(frozen=True, slots=True)
class LocalProcesses:
    """Run cells in worker processes that store them; a single one is this process itself.

    Parameters
    ----------
    n_jobs : int
        Worker processes; -1 is one a core.
    """

    n_jobs: int

    @contextmanager
    def running(self, points: Sequence[GridPoint], store: CellStore) -> Iterator[Iterator[Outcome]]:
        """Start the workers; kill them with the block."""
        version = source_version()
        jobs = n_workers(self.n_jobs, len(points))
        if jobs <= 1:
            yield (execute.run_cell(point, store, version) for point in points)
            return
        with ExitStack() as stack:
            with kept_from_workers():
                workers = ProcessPoolExecutor(
                    jobs, initializer=_begin_worker, initargs=(os.getpid(),), env=ONE_THREAD
                )
                stack.callback(_stop, workers)
            yield _outcomes(workers, jobs, points, store, version)


def _outcomes(
    workers: ProcessPoolExecutor,
    jobs: int,
    points: Sequence[GridPoint],
    store: CellStore,
    version: Mapping[str, Any],
) -> Iterator[Outcome]:
    # no more than wait for a worker: what is handed out later the end of a run would trip over
    ahead, at_work = iter(points), set[Future[Outcome]]()
    try:
        while True:
            with kept_from_workers():
                for point in islice(ahead, jobs + 1 - len(at_work)):
                    at_work.add(workers.submit(execute.run_cell, point, store, version))
            if not at_work:
                return
            done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
            for cell in done:
                yield cell.result()
    except BrokenProcessPool as error:
        raise EndedEarlyError(
            "Expected every worker process to finish, got one killed, perhaps for memory; "
            "finished cells are kept: the same command resumes, with runner.n_jobs=1 in the "
            "least memory."
        ) from error


def _begin_worker(parent: int) -> None:
    """Leave signals to the parent, and end with it."""
    interrupts.ignore()
    end_with(parent)


def _stop(workers: ProcessPoolExecutor) -> None:
    """Kill the workers with what they have started."""
    with interrupts.held(), warnings.catch_warnings():
        # of a system without pgrep, where what a worker has started ends with the worker
        warnings.simplefilter("ignore", UserWarning)
        workers.shutdown(kill_workers=True)
