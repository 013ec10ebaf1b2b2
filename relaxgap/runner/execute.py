"""Run the cells that are missing, in parallel, each with one BLAS thread."""

import os
import resource
import time
import traceback
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import resource_tracker
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor, cpu_count
from threadpoolctl import threadpool_limits

from relaxgap.errors import RelaxgapError, StorageError
from relaxgap.experiments.timing.lifetime import end_with
from relaxgap.numerics.writing import write_text
from relaxgap.runner import interrupts
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.manifest import source_version
from relaxgap.runner.schema import plain
from relaxgap.runner.store import CellStore

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say how one cell ended; ``error`` is one line, empty on success."""

    point: GridPoint
    error: str = ""
    storage_error: str = ""


def missing_cells(
    points: Sequence[GridPoint], store: CellStore, force: bool = False
) -> list[GridPoint]:
    """Return the cells without an intact stored result."""
    return [point for point in points if force or store.load(point.key) is None]


def run_cells(
    points: Sequence[GridPoint], store: CellStore, n_jobs: int
) -> Generator[Outcome, None, None]:
    """Run cells and yield their outcomes as they finish; each is stored by the worker itself."""
    version = source_version()
    jobs = min(n_jobs if n_jobs > 0 else cpu_count(), len(points))
    if jobs <= 1:
        for point in points:
            yield _run_cell(point, store, version)
        return
    with ExitStack() as stack:
        with _signals_kept_from_workers():
            workers = ProcessPoolExecutor(
                jobs, initializer=_begin_worker, initargs=(os.getpid(),), env=ONE_THREAD
            )
            stack.callback(_stop, workers)
        # no more than wait for a worker: what is handed out later the end of a run would trip over
        ahead, at_work = iter(points), set[Future[Outcome]]()
        while True:
            with _signals_kept_from_workers():
                for point in islice(ahead, jobs + 1 - len(at_work)):
                    at_work.add(workers.submit(_run_cell, point, store, version))
            if not at_work:
                return
            done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
            for cell in done:
                yield cell.result()


@contextmanager
def _signals_kept_from_workers() -> Iterator[None]:
    with interrupts.blocked():
        # started with the first worker it would unblock the signals
        resource_tracker.ensure_running()
        with interrupts.blocked():
            yield


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


def _run_cell(point: GridPoint, store: CellStore, version: dict[str, Any]) -> Outcome:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    try:
        with threadpool_limits(limits=1):
            records = point.experiment.run(point.cell)
    except Exception as error:
        # whatever a cell raises is recorded, so that the other cells go on
        return _recorded(point, store, error)
    content = {
        "label": point.label,
        "cell": plain(point.cell),
        "rows": [plain(record) for record in records],
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": _cpu_seconds() - cpu,
        "source": version,
    }
    try:
        store.save(point.key, content)
    except StorageError as error:
        return Outcome(point, storage_error=str(error))
    return Outcome(point)


def _recorded(point: GridPoint, store: CellStore, error: Exception) -> Outcome:
    """Write the traceback beside the cells; an error raised on purpose speaks for itself."""
    if isinstance(error, RelaxgapError):
        return Outcome(point, " ".join(str(error).split()))
    path = store.error_path(point.key)
    line = f"{type(error).__name__}: {' '.join(str(error).split())} (traceback in {path})"
    try:
        write_text(path, traceback.format_exc())
    except StorageError as storage_error:
        return Outcome(point, line, str(storage_error))
    return Outcome(point, line)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
