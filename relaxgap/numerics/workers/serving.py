"""The side of a worker process: it works until its owner is gone."""

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from relaxgap.numerics.workers.channel import SECONDS_BETWEEN_BEATS, Channel, WorkerLostError

PR_SET_PDEATHSIG = 1
"""Of ``prctl`` (Linux, ``sys/prctl.h``)."""


def serve(descriptor: int) -> None:
    """Apply every function that comes to what is kept, and send back what it returns.

    Parameters
    ----------
    descriptor : int
        Of the socket that leads to the owner.
    """
    if sys.platform == "linux":
        # a frozen process, too, ends with its owner then; elsewhere it does when it goes on
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    channel = Channel(socket.socket(fileno=descriptor))
    threading.Thread(target=_beat_and_end, args=(channel,), daemon=True).start()
    apply_all(channel)


def apply_all(channel: Channel) -> None:
    """Apply the functions that come until the owner is gone."""
    kept: dict[int, Any] = {}
    with suppress(WorkerLostError):
        while True:
            channel.send(channel.receive()(kept))


def beat(channel: Channel) -> None:
    """Show signs of life until the owner is gone."""
    with suppress(WorkerLostError):
        while True:
            channel.beat()
            time.sleep(SECONDS_BETWEEN_BEATS)


def _beat_and_end(channel: Channel) -> None:
    beat(channel)
    # the work may be long
    os._exit(1)
