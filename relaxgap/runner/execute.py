"""One cell from its spec to its file, with one BLAS thread; executors say in which process."""

import resource
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from relaxgap.errors import RelaxgapError, StorageError
from relaxgap.numerics.writing import write_text
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.peak_memory import forget_peak, peak_bytes
from relaxgap.runner.schema import plain
from relaxgap.runner.store import CellStore


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say how one cell ended; ``error`` is one line, empty on success."""

    point: GridPoint
    error: str = ""
    storage_error: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """Hold what came of a cell, before anything is written.

    Parameters
    ----------
    content : mapping or None
        What is stored of a finished cell.
    error, trace : str
        One line of what a failed cell raised, and where; an error raised on purpose speaks for
        itself.
    """

    content: Mapping[str, Any] | None
    error: str = ""
    trace: str = ""


def missing_cells(
    points: Sequence[GridPoint], store: CellStore, force: bool = False
) -> list[GridPoint]:
    """Return the cells without an intact stored result."""
    return [point for point in points if force or store.load(point.key) is None]


def run_cell(point: GridPoint, store: CellStore, version: Mapping[str, Any]) -> Outcome:
    """Compute a cell and store it, both in this process."""
    return keep(point, compute_cell(point, version), store)


def compute_cell(point: GridPoint, version: Mapping[str, Any]) -> Computed:
    """Compute a cell; whatever it raises is recorded, so that the other cells go on."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    forget_peak()
    try:
        with threadpool_limits(limits=1):
            records = point.experiment.run(point.cell)
    except RelaxgapError as error:
        return Computed(None, " ".join(str(error).split()))
    except Exception as error:
        line = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Computed(None, line, traceback.format_exc())
    return Computed(
        {
            "label": point.label,
            "cell": plain(point.cell),
            "rows": [plain(record) for record in records],
            "wall_seconds": time.perf_counter() - wall,
            "cpu_seconds": _cpu_seconds() - cpu,
            "peak_bytes": peak_bytes(),
            "source": version,
        }
    )


def keep(point: GridPoint, computed: Computed, store: CellStore) -> Outcome:
    """Store a finished cell, or the traceback of a failed one beside the cells."""
    line, path = computed.error, store.error_path(point.key)
    if computed.trace:
        line = f"{line} (traceback in {path})"
    try:
        if computed.content is not None:
            store.save(point.key, computed.content)
        elif computed.trace:
            write_text(path, computed.trace)
    except StorageError as error:
        return Outcome(point, line, str(error))
    return Outcome(point, line)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
