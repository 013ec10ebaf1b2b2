"""The owner's side of a worker process."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from relaxgap.numerics.workers.channel import SILENCE_SECONDS, Channel, WorkerLostError

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment of a process that leaves the other cores to others."""
# not of `multiprocessing`, whose processes run the caller's script again if it has no guard
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from relaxgap.numerics.workers.serving import serve; serve(int(sys.argv[1]))"
)


class WorkerProcess:
    """Own a process with a dict of what it keeps, to which it applies the functions it is sent.

    It computes on one thread, ends with `end` or with this process, however that one ends, and in a
    group of its own it does not hear Ctrl-C. It starts while this process goes on.

    Parameters
    ----------
    silence_seconds : float
        Without a sign of life after which it is given up.

    Raises
    ------
    WorkerLostError
        If no process can be started.
    """

    def __init__(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise WorkerLostError("not started") from error
        self._channel = Channel(ours, silence_seconds)
        path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", START, str(theirs.fileno()), path],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=os.environ | ONE_THREAD,
                    process_group=0,
                )
            except BaseException as error:
                ours.close()
                if isinstance(error, (OSError, ValueError)):
                    raise WorkerLostError("not started") from error
                raise

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, work: Callable[[dict[int, Any]], Any]) -> None:
        """Have a function applied to what the process keeps; it is pickled.

        Raises
        ------
        WorkerLostError
            If the process has ended or is silent.
        """
        self._channel.send(work)

    def answer(self) -> Any:
        """Wait for what the function returned; what it raised ends the process.

        Raises
        ------
        WorkerLostError
            If the process has ended or is silent.
        """
        return self._channel.receive()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._channel.close()
        self._process.kill()
        self._process.wait()
