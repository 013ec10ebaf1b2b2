"""Run the cells that are missing, in parallel, each with one BLAS thread."""

import resource
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from relaxgap.errors import RelaxgapError, StorageError
from relaxgap.numerics.writing import write_text
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.manifest import source_version
from relaxgap.runner.schema import plain
from relaxgap.runner.store import CellStore


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
    jobs = min(n_jobs, len(points)) if n_jobs > 0 else n_jobs
    version = source_version()
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    with _ignored_interrupts():
        outcomes = parallel(delayed(_run_cell)(point, store, version) for point in points)
    try:
        # not `yield from`, which would close the workers outside of what follows
        for outcome in outcomes:  # noqa: UP028
            yield outcome
    finally:
        with warnings.catch_warnings():
            # ending early cancels the cells in flight on purpose
            warnings.simplefilter("ignore", UserWarning)
            outcomes.close()


@contextmanager
def _ignored_interrupts() -> Iterator[None]:
    """Let the workers started meanwhile inherit that Ctrl-C is for the parent alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


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
