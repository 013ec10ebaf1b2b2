"""The connection to a Dask cluster that is there, and where what it says goes."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client
from distributed.comm import connect

from relaxgap.errors import ConfigurationError

SECONDS_TO_CONNECT = 5.0
LOGGERS = (
    "distributed",
    "distributed.client",
    "distributed.gc",
    "tornado",
    "tornado.application",
    "asyncio",
)


def client_of(address: str, instead: str) -> Client:
    """Return a client of the scheduler at an address.

    Parameters
    ----------
    address : str
        As ``tcp://HOST:PORT``.
    instead : str
        What else the user may do, for the refusal.

    Raises
    ------
    ConfigurationError
        If there is no answer.
    """
    try:
        # a client that does not get there leaves threads behind
        asyncio.run(_reach(address))
        return Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"Expected a Dask scheduler at {address!r}, got no answer within "
            f"{SECONDS_TO_CONNECT:g} seconds; start one with `dask scheduler`, or {instead}."
        ) from error


async def _reach(address: str) -> None:
    comm = await connect(address, timeout=SECONDS_TO_CONNECT)
    await comm.close()


@contextmanager
def diverted(handler: logging.Handler) -> Iterator[None]:
    """Send what Dask says in this process to a handler alone."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [handler], False
    try:
        yield
    finally:
        for logger, handlers, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
