"""Messages between a process and its owner, who notices when it has ended or is frozen.

A message is its length and a pickle. A worker also sends empty ones, its heartbeat, so that a long
piece of work is told from a process that stands still.
"""

import math
import pickle
import socket
import struct
import threading
import time
from typing import Any

from relaxgap.numerics.clock import checkpoint

SILENCE_SECONDS = 10.0
"""Without a byte from a worker, or taken by it, after which it is given up."""
SECONDS_BETWEEN_BEATS = 0.5
SECONDS_BETWEEN_LOOKS = 0.05
HEADER = struct.Struct("<Q")


class WorkerLostError(Exception):
    """The process at the other end has ended, or has been silent for too long."""


class Channel:
    """Send and receive whole messages.

    Waiting ends with `relaxgap.numerics.clock.OutOfTimeError` at the deadline in force; after that,
    or after an interruption, the channel is of no use, as half a message may be on its way.

    Parameters
    ----------
    end : socket
        One end of a pair of sockets.
    silence_seconds : float
        Patience with the other end.
    """

    def __init__(self, end: socket.socket, silence_seconds: float = math.inf) -> None:
        end.settimeout(SECONDS_BETWEEN_LOOKS)
        self._end, self._silence_seconds = end, silence_seconds
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Send a message.

        Raises
        ------
        WorkerLostError
            If the other end does not take it.
        """
        self._send(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))

    def beat(self) -> None:
        """Show that this process goes on."""
        self._send(b"")

    def receive(self) -> Any:
        """Wait for the next message and return it.

        Raises
        ------
        WorkerLostError
            If the other end is silent.
        """
        while not (size := HEADER.unpack(self._read(HEADER.size))[0]):
            pass
        return pickle.loads(self._read(size))

    def close(self) -> None:
        """Let the other end find this one gone."""
        self._end.close()

    def _send(self, content: bytes) -> None:
        with self._sending:
            left = memoryview(HEADER.pack(len(content)) + content)
            heard = time.monotonic()
            while left:
                try:
                    left = left[self._end.send(left) :]
                    heard = time.monotonic()
                except TimeoutError:
                    self._look(heard)
                except OSError as error:
                    raise WorkerLostError("ended") from error

    def _read(self, size: int) -> bytearray:
        content = bytearray(size)
        left = memoryview(content)
        heard = time.monotonic()
        while left:
            try:
                n_read = self._end.recv_into(left)
            except TimeoutError:
                self._look(heard)
                continue
            except OSError as error:
                raise WorkerLostError("ended") from error
            if not n_read:
                raise WorkerLostError("ended")
            left, heard = left[n_read:], time.monotonic()
        return content

    def _look(self, heard: float) -> None:
        checkpoint()
        if time.monotonic() - heard > self._silence_seconds:
            raise WorkerLostError("silent")
