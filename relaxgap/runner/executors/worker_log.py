"""What the parts of a Dask cluster say goes to files, never between the lines of the run."""

import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Worker, WorkerPlugin

from relaxgap.numerics.workers.cluster_client import diverted


class WorkerLog(WorkerPlugin):
    """Send all that a worker process writes to a file of its own, native crashes included.

    Parameters
    ----------
    folder : Path
        Where ``worker-PID.log`` is made.
    """

    name = "relaxgap-worker-log"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def setup(self, worker: Worker) -> None:
        """Redirect standard output and error of the worker process."""
        path = self.folder / f"worker-{os.getpid()}.log"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        sys.stderr.flush()
        for standard in (1, 2):
            os.dup2(file, standard)
        os.close(file)
        faulthandler.enable(2)


@contextmanager
def cluster_log(folder: Path) -> Iterator[None]:
    """Write what Dask says in this process to ``cluster.log``; drop logs that stayed empty."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(folder / "cluster.log", delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    try:
        with diverted(handler):
            yield
    finally:
        handler.close()
        for path in folder.glob("*.log"):
            with suppress(OSError):
                if not path.stat().st_size:
                    path.unlink()
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()
