"""A Dask cluster in a process of its own, and cells that do what a test says, when it says so."""

import functools
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from typing import IO, Any, cast

from relaxgap.runner.execute import Computed

# what a cell needs, so that no worker is silent for the length of an import
from relaxgap.runner.executors import dask  # noqa: F401
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.schema import plain

CLUSTER = """
import logging, sys
from distributed import LocalCluster
if __name__ == "__main__":
    n_workers, port = map(int, sys.argv[1:])
    quiet = dict(dashboard_address=None, silence_logs=logging.CRITICAL, memory_limit=0,
                 preload=["cluster"])
    with LocalCluster(n_workers=n_workers, threads_per_worker=1, scheduler_port=port,
                      **quiet) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


class ClusterProcess:
    """A scheduler and worker processes that nothing but the test ends."""

    def __init__(self, n_workers: int, port: int = 0) -> None:
        # workers import what a run sends them: this file too
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER, str(n_workers), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,
        )
        self.address = cast(IO[bytes], self._process.stdout).readline().decode().strip()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def freeze(self) -> None:
        """Stop the scheduler, while the workers go on."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End scheduler and workers at once, frozen ones too."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            cast(IO[bytes], pipe).close()


class Cells:
    """Cells that ask the test what to do, from whatever process they are in.

    Parameters
    ----------
    decide : callable
        Is told seed, process and how often the cell has started, and may do something to that
        process; the cell ends if it says so, and hangs else.
    """

    def __init__(self, decide: Callable[[int, int, int], bool]) -> None:
        self._decide = decide
        self._listener = Listener(family="AF_UNIX", backlog=64)
        self._open: list[Connection] = []
        self.starts: dict[int, list[int]] = defaultdict(list)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def compute(self) -> Callable[[GridPoint, Mapping[str, Any]], Computed]:
        """What stands in for `execute.compute_cell`."""
        return functools.partial(_asking, str(self._listener.address))

    def _serve(self) -> None:
        while True:
            try:
                asking = self._listener.accept()
            except OSError:
                return
            seed, process = asking.recv()
            self.starts[seed].append(process)
            # kept: a cell would notice that nobody is there any more
            self._open.append(asking)
            if self._decide(seed, process, len(self.starts[seed])):
                # its process may have ended meanwhile
                with suppress(OSError):
                    asking.send("end")

    def close(self) -> None:
        self._listener.close()
        for asking in self._open:
            asking.close()


def process_of(kept: dict[int, Any]) -> int:
    """Tell the process that a worker is in; it is sent there."""
    return os.getpid()


def _asking(address: str, point: GridPoint, version: Mapping[str, Any]) -> Computed:
    seed = point.cell.seed
    with Client(address, "AF_UNIX") as test:
        test.send((seed, os.getpid()))
        try:
            test.recv()
        except EOFError:
            return Computed(None, "the test is over")
    row = {column: f"{column} of {seed}" for column in point.experiment.columns}
    return Computed(
        {
            "label": point.label,
            "cell": plain(point.cell),
            "rows": [row],
            "wall_seconds": 1.0,
            "cpu_seconds": 1.0,
            "source": dict(version),
        }
    )
