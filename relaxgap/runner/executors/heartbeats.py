"""Which workers of a Dask cluster are alive, by the heartbeats that its scheduler has seen."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from relaxgap.runner.executors.executor import EndedEarlyError

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_WITHOUT_WORKERS = 300.0
"""A queue may start the workers, or start them again."""

Identity = Callable[[], Mapping[str, Any]]


class Heartbeats:
    """Tell workers that are at work from those that were killed or froze.

    A worker that is killed leaves the list of its scheduler; one that is stopped, or whose machine
    is gone, stays there for as long as the scheduler's own ``worker-ttl`` says, and sends nothing.
    Ages are measured by the clock of this process alone, so that clocks may differ.

    Parameters
    ----------
    workers : callable
        Asks the scheduler for the identity of each worker, by its address; raises `OSError` if
        there is no scheduler.
    silence_seconds : float
        What sends nothing for so long is taken for dead.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, workers: Identity, silence_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._workers, self._silence, self._clock = workers, silence_seconds, clock
        self._heard: dict[str, tuple[float, float]] = {}
        self._last_alive = clock()

    def alive(self) -> frozenset[str]:
        """Return the addresses of the workers that are alive.

        Raises
        ------
        EndedEarlyError
            If the scheduler is gone, or there has been no worker for too long.
        """
        try:
            workers = self._workers()
        except OSError as error:
            raise EndedEarlyError(
                "Expected the Dask scheduler to answer until the last cell, got none: it has "
                "ended or cannot be reached; finished cells are kept: start it, and the same "
                "command resumes."
            ) from error
        now = self._clock()
        heard = {}
        for address, identity in workers.items():
            beat = float(identity["last_seen"])
            before, since = self._heard.get(address, (beat, now))
            heard[address] = (beat, since if beat == before else now)
        self._heard = heard
        alive = frozenset(
            address
            for address, (_, since) in heard.items()
            if now - since <= self._silence and workers[address]["status"] == "running"
        )
        if alive:
            self._last_alive = now
        elif now - self._last_alive > SECONDS_WITHOUT_WORKERS:
            raise EndedEarlyError(
                "Expected workers on the Dask cluster, got none for "
                f"{SECONDS_WITHOUT_WORKERS:g} seconds; finished cells are kept: start some with "
                "`dask worker ADDRESS --nthreads 1`, and the same command resumes."
            )
        return alive
