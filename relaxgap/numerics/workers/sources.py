"""Where workers come from: processes of this machine, or of a Dask cluster."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.workers.process import WorkerProcess


@runtime_checkable
class Worker(Protocol):
    """Keep a dict, and apply to it the functions that are sent, one after another.

    A worker that raised `WorkerLostError` once is of no use any more.
    """

    def ask(self, work: Callable[[dict[int, Any]], Any]) -> None:
        """Have a function applied to what the worker keeps; it is pickled."""

    def answer(self) -> Any:
        """Wait for what the function returned."""

    def end(self) -> None:
        """Let the worker go, whatever it is doing."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Start workers, as many as there may be.

    Parameters
    ----------
    n_processes : int
        Processes that work, this one among them.
    start : callable
        Returns a new worker; raises `WorkerLostError` if there is none.
    """

    n_processes: int = 1
    start: Callable[[], Worker] = WorkerProcess


ALONE = Workers()


@contextmanager
def workers_of(n_processes: int | None, scheduler: str | None) -> Iterator[Workers]:
    """Yield the workers of this machine or of a cluster, which are let go with the block.

    Parameters
    ----------
    n_processes : int or None
        Processes at most; None is this one, or all that the cluster has and this one.
    scheduler : str or None
        Address of a Dask scheduler, ``tcp://HOST:PORT``.

    Raises
    ------
    ConfigurationError
        If Dask is missing, or the cluster does not answer or has no worker like this process.
    """
    if scheduler is None:
        yield Workers(n_processes or 1)
        return
    if importlib.util.find_spec("distributed") is None:
        raise ConfigurationError(
            "Expected the package distributed for a scheduler, found none; run pip install "
            "'relaxgap[dask]', or leave the scheduler out."
        )
    from relaxgap.numerics.workers.cluster import cluster_workers

    with cluster_workers(scheduler, n_processes) as workers:
        yield workers
