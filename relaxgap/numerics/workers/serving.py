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
    threading.Thread(target=_beat, args=(channel,), daemon=True).start()
    kept: dict[int, Any] = {}
    with suppress(WorkerLostError):
        while True:
            channel.send(channel.receive()(kept))


def _beat(channel: Channel) -> None:
    with suppress(WorkerLostError):
        while True:
            channel.beat()
            time.sleep(SECONDS_BETWEEN_BEATS)
    # the owner is gone, and the work may be long
    os._exit(1)
