"""Which workers of a Dask cluster are free, and give the numbers that this process gives."""

import functools
import hashlib
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import scipy
from distributed import Client, Future, wait

from relaxgap.errors import ConfigurationError

SECONDS_TO_ANSWER = 10.0
"""For a worker without work to import this package and name its versions."""
PACKAGE = Path(__file__).parents[2]


def free_workers(client: Client, address: str) -> list[str]:
    """Return the addresses of workers without work that have said what they are.

    Parameters
    ----------
    client : Client
        Of the cluster.
    address : str
        Of its scheduler.

    Raises
    ------
    ConfigurationError
        If there is none, or one with other versions or another source than here.
    """
    try:
        known = client.sync(client.scheduler.processing, callback_timeout=SECONDS_TO_ANSWER)
        asked = {
            worker: client.submit(_versions, workers=[worker], pure=False)
            for worker in sorted(known)
            if not known[worker]
        }
        with client.as_current(), suppress(TimeoutError):
            wait(list(asked.values()), timeout=SECONDS_TO_ANSWER)
        free = [worker for worker in asked if _is_as_here(asked[worker])]
    except OSError as error:
        raise ConfigurationError(
            f"Expected the Dask scheduler at {address!r} to answer, got no answer; start it again, "
            "or leave the scheduler out."
        ) from error
    if not free:
        raise ConfigurationError(
            f"Expected a worker without work at {address!r}, got none of {len(known)} that "
            f"answered within {SECONDS_TO_ANSWER:g} seconds; start some with `dask worker ADDRESS "
            "--nthreads 1`, or leave the scheduler out."
        )
    return free


def _is_as_here(answer: Future) -> bool:
    """Whether a worker answered; refuse one whose numbers could be others than here."""
    if not answer.done():
        return False
    its: Mapping[str, str] = {}
    if answer.status == "error":
        # what stands in the way of unpickling this module's functions
        its = {"relaxgap": " ".join(f"none ({answer.exception()})".split())}
    elif answer.status == "finished":
        its = answer.result()
    else:
        return False
    for name, ours in _versions().items():
        if its.get(name) != ours:
            raise ConfigurationError(
                f"Expected a worker with {name} {ours}, got {its.get(name, 'none')}; install the "
                "same everywhere and start it again."
            )
    return True


@functools.cache
def _versions() -> dict[str, str]:
    """Return what the numbers of a step depend on, the source of this package first."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return {
        "relaxgap": f"of source {digest.hexdigest()[:12]}",
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
