"""A process that ends with the one that started it, however that one ends.

It imports the standard library only, so that the Python of another environment can.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
"""Of ``prctl`` (Linux, ``sys/prctl.h``)."""
SECONDS_BETWEEN_LOOKS = 1.0


def end_with(parent: int) -> None:
    """End this process at once when its parent is gone.

    The kernel does it where it can, whatever native code is running; a thread looks too, for where
    it cannot.

    Parameters
    ----------
    parent : int
        Process that started this one.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # it may have ended before
    _end_unless_child_of(parent)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        _end_unless_child_of(parent)


def _end_unless_child_of(parent: int) -> None:
    if os.getppid() != parent:
        os._exit(1)
