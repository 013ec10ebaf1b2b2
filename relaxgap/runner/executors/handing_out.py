"""One cell to each worker of a cluster that is alive; a cell that loses two workers has failed."""

import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from distributed import Client, Future, KilledWorker

from relaxgap.runner import interrupts
from relaxgap.runner.execute import Computed, Outcome, keep
from relaxgap.runner.executors.heartbeats import SECONDS_BETWEEN_LOOKS
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.store import CellStore

MAX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Cluster:
    """Name a cluster and what to say of it.

    Parameters
    ----------
    alive : callable
        Addresses of the workers that are alive; raises `EndedEarlyError` if that is over.
    limit : int
        Cells at once.
    silence_seconds : float
        What sends nothing for so long is taken for dead.
    logs : str
        Where the logs of the workers are.
    """

    client: Client
    alive: Callable[[], frozenset[str]]
    limit: int
    silence_seconds: float
    logs: str

    def submit(self, work: Callable[[GridPoint], Computed], point: GridPoint, to: str) -> Future:
        """Send a cell to one worker, and to no other after it."""
        key = f"relaxgap-{point.key}-{uuid.uuid4().hex}"
        return self.client.submit(
            work, point, key=key, workers=[to], allow_other_workers=False, pure=False
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """Hold a cell that is at work, and how many workers it had with this one."""

    point: GridPoint
    number: int
    future: Future


def handed_out(
    cluster: Cluster,
    points: Sequence[GridPoint],
    store: CellStore,
    work: Callable[[GridPoint], Computed],
) -> Generator[Outcome, None, None]:
    """Hand out the cells and yield their outcomes as they end.

    Raises
    ------
    EndedEarlyError
        If the scheduler is gone, or there has been no worker for too long.
    """
    waiting = deque((point, 1) for point in points)
    at_work: dict[str, Attempt] = {}
    # cells that end wake the run up
    ended: SimpleQueue[None] = SimpleQueue()
    try:
        while waiting or at_work:
            # asked before the scheduler is: that cancels all when it goes
            cancelled = {address for address in at_work if _is_lost(at_work[address])}
            alive = cluster.alive()
            for address in [*at_work]:
                if address in cancelled or address not in alive:
                    lost = at_work.pop(address)
                    lost.future.cancel(force=True)
                    if lost.number == MAX_ATTEMPTS:
                        yield Outcome(lost.point, _lost(address, cluster))
                    else:
                        # behind the others: it may be what ends workers
                        waiting.append((lost.point, lost.number + 1))
            free = sorted(alive - at_work.keys())[: max(cluster.limit - len(at_work), 0)]
            for address in free[: len(waiting)]:
                point, number = waiting.popleft()
                future = cluster.submit(work, point, address)
                future.add_done_callback(lambda _: ended.put(None))
                at_work[address] = Attempt(point, number, future)
            with suppress(Empty):
                ended.get(timeout=SECONDS_BETWEEN_LOOKS)
            yield from _stored(at_work, cluster, store)
    finally:
        with interrupts.held():
            # what has just ended is kept, as a worker of this machine would
            deque(_stored(at_work, cluster, store), maxlen=0)
            for attempt in at_work.values():
                attempt.future.cancel(force=True)


def _stored(at_work: dict[str, Attempt], cluster: Cluster, store: CellStore) -> Iterator[Outcome]:
    """Store the cells that have ended, and take them from those at work."""
    for address, attempt in [*at_work.items()]:
        computed = _computed(attempt, cluster)
        if computed is not None:
            del at_work[address]
            yield keep(attempt.point, computed, store)


def _is_lost(attempt: Attempt) -> bool:
    """Whether Dask itself has given the cell up."""
    future = attempt.future
    return future.status == "cancelled" or (
        future.status == "error" and isinstance(future.exception(), KilledWorker)
    )


def _computed(attempt: Attempt, cluster: Cluster) -> Computed | None:
    """Return what a worker sent, or None if nothing has come or it was lost on the way."""
    future = attempt.future
    if future.status == "error" and not _is_lost(attempt):
        error = future.exception()
        return Computed(None, f"{type(error).__name__}: {' '.join(str(error).split())}")
    if future.status == "finished":
        with suppress(OSError, CancelledError):
            computed: Computed = future.result(timeout=cluster.silence_seconds)
            return computed
    return None


def _lost(address: str, cluster: Cluster) -> str:
    return (
        f"Expected its worker to finish, got {MAX_ATTEMPTS} lost, the last at {address}: killed, "
        f"perhaps for memory, or silent for {cluster.silence_seconds:g} seconds "
        f"(runner.silence_seconds); their logs are {cluster.logs}."
    )
