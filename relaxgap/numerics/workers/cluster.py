"""Workers of a Dask cluster, which take the place of processes on this machine.

Dask finds the workers and starts a task on each, which keeps its thread until it is let go. The
task connects back to this process and serves it as a process of this machine does: a message takes
0.2 milliseconds then, where calls of Dask's actors take 3.5, and a worker that ends or is frozen is
noticed by its silence, whatever becomes of the scheduler.
"""

import ctypes
import functools
import logging
import math
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future
from distributed.comm import get_address_host_port
from distributed.utils import get_ip
from threadpoolctl import threadpool_limits

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.workers.alike import free_workers
from relaxgap.numerics.workers.channel import (
    SECONDS_BETWEEN_LOOKS,
    SILENCE_SECONDS,
    Channel,
    WorkerLostError,
)
from relaxgap.numerics.workers.cluster_client import client_of, diverted
from relaxgap.numerics.workers.serving import apply_all, beat
from relaxgap.numerics.workers.sources import Worker, Workers

SECONDS_TO_STOP = 5.0
TOKEN_BYTES = 32
MALLOC_SETTINGS = {-1: 2**27, -3: 2**25}
"""Bytes of ``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD`` of ``mallopt`` (glibc, ``malloc.h``)."""


@contextmanager
def cluster_workers(
    address: str, n_processes: int | None, silence_seconds: float = SILENCE_SECONDS
) -> Iterator[Workers]:
    """Yield those workers of a Dask cluster that have no work, and let them go with the block.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://HOST:PORT``.
    n_processes : int or None
        At most, this one among them.
    silence_seconds : float
        Without a sign of life after which a worker is given up.

    Raises
    ------
    ConfigurationError
        If the scheduler does not answer, or no worker does that has this package as it is here.
    """
    if not address.startswith("tcp://"):
        raise ConfigurationError(
            f"Expected a scheduler at tcp://HOST:PORT, got {address!r}: regions go over "
            "plain TCP; give such an address, or leave the scheduler out."
        )
    with diverted(logging.NullHandler()):
        client = client_of(address, "leave the scheduler out")
        try:
            free = free_workers(client, address)
            limit = math.inf if n_processes is None else n_processes
            start = functools.partial(_start, _Cluster(client, free, silence_seconds))
            yield Workers(int(min(limit, len(free) + 1)), start)
        finally:
            with suppress(OSError):
                client.close(timeout=SECONDS_TO_STOP)


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    """Hold a client, the addresses of workers that wait, and the patience with one."""

    client: Client
    free: list[str]
    silence_seconds: float


def _start(cluster: _Cluster) -> Worker:
    if not cluster.free or cluster.client.status != "running":
        raise WorkerLostError("not started")
    return ClusterWorker(cluster, cluster.free.pop(0))


class ClusterWorker:
    """Own the time of one worker of a cluster, as `WorkerProcess` owns a process.

    Parameters
    ----------
    cluster : _Cluster
        Where the worker waits again once it is let go, if it was not lost.
    address : str
        Of the worker.
    """

    def __init__(self, cluster: _Cluster, address: str) -> None:
        self.address, self._cluster, self._is_lost = address, cluster, False
        self._token = secrets.token_bytes(TOKEN_BYTES)
        self._channel: Channel | None = None
        try:
            host, port = get_address_host_port(cluster.client.scheduler.address)
            # where the way to the scheduler begins, the workers find back to
            self._listener = socket.create_server((get_ip(host, port), 0))
        except OSError as error:
            raise WorkerLostError("not started") from error
        self._listener.settimeout(SECONDS_BETWEEN_LOOKS)
        self._task: Future = cluster.client.submit(
            _serve_at,
            self._listener.getsockname()[:2],
            self._token,
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )

    def ask(self, work: Callable[[dict[int, Any]], Any]) -> None:
        """Have a function applied to what the worker keeps; it is pickled.

        Raises
        ------
        WorkerLostError
            If the worker has ended, is silent or did not start.
        """
        with self._noticed():
            if self._channel is None:
                self._channel = Channel(self._arrived(), self._cluster.silence_seconds)
            self._channel.send(work)

    def answer(self) -> Any:
        """Wait for what the function returned; what it raised ends the task.

        Raises
        ------
        WorkerLostError
            If the worker has ended or is silent.
        """
        assert self._channel is not None, "nothing was asked"
        with self._noticed():
            return self._channel.receive()

    def end(self) -> None:
        """Let the worker go; its task ends with what it does at the moment."""
        self._listener.close()
        if self._channel is not None:
            self._channel.close()
        self._task.release()
        if not self._is_lost:
            self._cluster.free.append(self.address)

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except WorkerLostError:
            self._is_lost = True
            raise

    def _arrived(self) -> socket.socket:
        """Return the connection that the task makes, and no other's."""
        began = time.monotonic()
        while time.monotonic() - began <= self._cluster.silence_seconds:
            checkpoint()
            try:
                end, _ = self._listener.accept()
            except TimeoutError:
                if self._task.done():
                    break
                continue
            except OSError:
                break
            if secrets.compare_digest(_first_bytes(end), self._token):
                self._listener.close()
                return _without_delay(end)
            end.close()
        raise WorkerLostError("not started")


def _serve_at(owner: tuple[str, int], token: bytes) -> None:
    """Serve the owner of a token until its connection is gone; runs in a worker of the cluster."""
    with closing(_without_delay(socket.create_connection(owner, SILENCE_SECONDS))) as end:
        end.sendall(token)
        channel = Channel(end)
        threading.Thread(target=beat, args=(channel,), daemon=True).start()
        _keep_freed_memory()
        # as a process of this machine, which gives the same numbers then
        with threadpool_limits(limits=1):
            apply_all(channel)


def _keep_freed_memory() -> None:
    """Let arrays reuse the memory of those before, as in a process of this machine.

    Dask's nanny has the allocator of its workers give everything back at once; every array is then
    mapped anew, and a step of two hundred samples took 39 milliseconds of CPU instead of 28.
    """
    if sys.platform == "linux":
        # another allocator than that of glibc has no such setting
        with suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            for setting, n_bytes in MALLOC_SETTINGS.items():
                libc.mallopt(setting, n_bytes)


def _without_delay(end: socket.socket) -> socket.socket:
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


def _first_bytes(end: socket.socket) -> bytes:
    """Read as many bytes as a token has: nothing is unpickled before it is the right one."""
    end.settimeout(1.0)
    read = b""
    with suppress(OSError):
        while len(read) < TOKEN_BYTES and (more := end.recv(TOKEN_BYTES - len(read))):
            read += more
    return read
