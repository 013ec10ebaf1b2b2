"""Cells on the workers of a Dask cluster, given or started here.

The run itself hands out the cells, one to a worker, so that it knows which cell a lost worker had:
Dask alone would count the cells behind it as failed too, and wait for as long as the settings of
the scheduler say. Workers only compute. What they send is stored here, and nothing that comes from
one that was given up for lost is.
"""

import functools
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, Nanny, Status, get_worker

from relaxgap.numerics.workers.cluster_client import client_of
from relaxgap.runner import execute, interrupts
from relaxgap.runner.execute import Computed, Outcome
from relaxgap.runner.executors.handing_out import Cluster, handed_out
from relaxgap.runner.executors.heartbeats import Heartbeats
from relaxgap.runner.executors.local import n_workers
from relaxgap.runner.executors.signals import kept_from_workers
from relaxgap.runner.executors.worker_log import WorkerLog, cluster_log
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.manifest import library_versions, source_version
from relaxgap.runner.store import CellStore

COMMIT = "relaxgap of commit"
SECONDS_TO_STOP = 5.0
SECONDS_BETWEEN_KILLS = 0.05


@dataclass(frozen=True, slots=True)
class DaskWorkers:
    """Run cells on a Dask cluster, one at a time on each worker.

    Parameters
    ----------
    scheduler : str or None
        Address of a scheduler; None starts a cluster on this machine, which ends with the run.
    n_jobs : int
        Workers of a cluster that is started, and cells at once on one that is given; -1 is one a
        core, and all workers.
    silence_seconds : float
        A worker that sends no heartbeat for so long is taken for dead, as is the scheduler.
    """

    scheduler: str | None
    n_jobs: int
    silence_seconds: float

    @contextmanager
    def running(self, points: Sequence[GridPoint], store: CellStore) -> Iterator[Iterator[Outcome]]:
        """Connect to the cluster, or start one; leave none of the cells there with the block."""
        # another run may write here at once
        logs = store.folder.with_name("logs") / str(os.getpid())
        with ExitStack() as stack:
            stack.enter_context(cluster_log(logs))
            if self.scheduler is None:
                client = stack.enter_context(self._started(logs, len(points)))
                limit, where = len(points), f"in {logs}"
            else:
                client = stack.enter_context(_connected(self.scheduler))
                limit = self.n_jobs if self.n_jobs > 0 else len(points)
                where = f"with the workers of {self.scheduler}"
            beats = Heartbeats(
                functools.partial(_workers, client, self.silence_seconds), self.silence_seconds
            )
            cluster = Cluster(client, beats.alive, limit, self.silence_seconds, where)
            outcomes = handed_out(cluster, points, store, _work())
            yield stack.enter_context(closing(outcomes))

    @contextmanager
    def _started(self, logs: Path, n_cells: int) -> Iterator[Client]:
        settings = {
            # the nanny of a worker that froze starts another
            "distributed.scheduler.worker-ttl": f"{self.silence_seconds}s"
        }
        with ExitStack() as stack:
            stack.enter_context(dask.config.set(settings))
            with kept_from_workers():
                cluster = LocalCluster(
                    n_workers=n_workers(self.n_jobs, n_cells),
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,
                    # a worker that imports sends no heartbeat
                    preload=[__name__],
                    dashboard_address=None,
                    silence_logs=logging.WARNING,
                )
                stack.callback(_stop, cluster)
                client = Client(cluster, set_as_default=False)
                stack.callback(client.close, timeout=SECONDS_TO_STOP)
                client.register_plugin(WorkerLog(logs))
            yield client


def _work() -> Callable[[GridPoint], Computed]:
    """Return what a worker does, as a value that can be sent to it."""
    return functools.partial(
        _compute_as_here, execute.compute_cell, library_versions(), source_version()
    )


def _compute_as_here(
    compute: Callable[[GridPoint, Mapping[str, Any]], Computed],
    libraries: Mapping[str, str],
    version: Mapping[str, Any],
    point: GridPoint,
) -> Computed:
    """Compute a cell in a worker, unless its numbers could be others than here."""
    n_threads = get_worker().state.nthreads
    if n_threads != 1:
        return Computed(
            None,
            f"Expected workers of one thread, got {n_threads}; start them with "
            "`dask worker ADDRESS --nthreads 1 --nworkers N`.",
        )
    here, source = _here()
    ours = {**libraries, COMMIT: version["commit"]}
    its = {**here, COMMIT: source["commit"]}
    for name in ours:
        # an installed package has no commit
        if its[name] != ours[name] and None not in (its[name], ours[name]):
            return Computed(
                None,
                f"Expected workers with {name} {ours[name]}, got {its[name]}; install the same "
                "everywhere and start them again.",
            )
    return compute(point, source)


@functools.cache
def _here() -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """Return the versions of this process, as they were when they were first asked for."""
    return library_versions(), source_version()


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    with ExitStack() as stack:
        with kept_from_workers():
            client = client_of(
                address, "leave runner.scheduler out to start workers on this machine"
            )
        stack.callback(_leave, client)
        yield client


def _workers(client: Client, seconds: float) -> Mapping[str, Any]:
    if client.status != "running":
        raise OSError("no connection")
    identity = client.sync(client.scheduler.identity, callback_timeout=seconds)
    workers: Mapping[str, Any] = identity["workers"]
    return workers


def _leave(client: Client) -> None:
    with interrupts.held(), suppress(OSError):
        client.close(timeout=SECONDS_TO_STOP)


def _stop(cluster: LocalCluster) -> None:
    """End the cluster, and kill each worker as soon as its nanny will not start another.

    A nanny asks its worker to end first, which one that is at work or frozen does not hear.
    """
    nannies, is_over = list(cluster.workers.values()), threading.Event()

    def kill() -> None:
        while not is_over.wait(SECONDS_BETWEEN_KILLS):
            _kill([nanny for nanny in nannies if nanny.status == Status.closing])

    killer = threading.Thread(target=kill, daemon=True)
    with interrupts.held(), suppress(OSError):
        killer.start()
        try:
            cluster.close(timeout=SECONDS_TO_STOP)
        finally:
            is_over.set()
            killer.join()
            _kill(nannies)


def _kill(nannies: Sequence[Nanny]) -> None:
    for nanny in nannies:
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)
