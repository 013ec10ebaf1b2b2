"""Random SIGKILLs over parallel runs that resume until they are done.

    python tests/soak.py 200             # so many kills, in as many runs as they take
    python tests/soak.py 200 7           # of another seed

The parent, all of its group, or a single worker is killed: while the command starts, between
cells, while a cell is written, or while the summary is. After each kill every cell that was stored
is as it was, and no file of a cell is half-written. A finished summary is, byte by byte, that of a
run that nothing disturbed.
"""

import os
import random
import select
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

if __name__ == "__main__":
    TESTS = Path(__file__).resolve().parent
    # the children import what this process does
    os.environ["PYTHONPATH"] = str(TESTS.parent)
    sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from children import HANG_SECONDS, Child
from toy.registered import STATEMENTS, command, register

from relaxgap.runner.store import CellStore

CELLS = 120
RUN = (*command(CELLS), "runner.n_jobs=2")
VICTIMS = ("parent", "group", "worker")
MOMENTS = {"start": 2, "cells": 3, "writing": 3, "end": 1}
"""How often each is chosen: at the end a run is nearly done."""
MOST_SECONDS = 3.0
"""Of a wait whose length is random: a start takes about as long, and so does the summary."""
MOST_CELLS = 20


@dataclass
class Soak:
    """What was killed and when, and what was found afterwards."""

    rng: random.Random
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    n_runs: int = 0
    n_left: int = 0
    undisturbed: bytes = b""

    def until(self, n_kills: int, folder: Path) -> None:
        """Kill so many times, in runs that begin anew whenever one is done."""
        self.undisturbed = self.finished(folder / "undisturbed")
        while self.kills.total() < n_kills:
            self.n_runs += 1
            results = folder / f"run{self.n_runs}"
            results.mkdir()
            while self.kills.total() < n_kills and not self.killed(results):
                pass
            assert self.finished(results) == self.undisturbed
            self.n_left += len(list(results.rglob("*.tmp")))

    def finished(self, folder: Path) -> bytes:
        """Run to the end, and return the summary."""
        folder.mkdir(exist_ok=True)
        with closing(Child(folder, *RUN, before=STATEMENTS)) as child:
            code, _, said = child.finish()
        assert code == 0, said
        (path,) = folder.glob("results/pattern_count/*/summary.csv")
        return path.read_bytes()

    def killed(self, folder: Path) -> bool:
        """Start the run and kill some of it; say whether it was done before."""
        (moment,) = self.rng.choices(list(MOMENTS), list(MOMENTS.values()))
        # at the end there are no workers
        victim = self.rng.choice(VICTIMS[:2] if moment == "end" else VICTIMS)
        stored = contents(folder)
        enough = min(CELLS, len(stored) + self.rng.randint(1, MOST_CELLS))
        seconds = self.rng.uniform(0, MOST_SECONDS)
        with closing(Child(folder, *RUN, before=STATEMENTS)) as child:
            come: dict[str, Callable[[], bool]] = {
                "start": lambda: True,
                "cells": lambda: len(list(cells(folder).glob("*.json"))) >= enough,
                "writing": lambda: any(cells(folder).glob(".relaxgap-*.tmp")),
                "end": lambda: len(list(cells(folder).glob("*.json"))) >= CELLS,
            }
            wait_until(child, come[moment])
            if moment in ("start", "end"):
                with suppress(TimeoutExpired):
                    child.process.wait(seconds)
            if victim == "worker":
                wait_until(child, lambda: bool(workers_of(child)))
            workers = workers_of(child)
            if child.process.poll() is not None:
                code, _, said = child.finish()
                assert code == 0, said
                return True
            self.kill(child, victim, workers)
            code, _, said = child.finish()
            assert "Traceback" not in said, said
        for worker in workers:
            wait_for_the_end_of(worker)
        self.kills[victim, moment] += 1
        after = contents(folder)
        assert after.items() >= stored.items()
        assert_intact(folder)
        # a worker that dies when there is nothing left to run ends nothing
        return code == 0

    def kill(self, child: Child, victim: str, workers: list[int]) -> None:
        if victim == "group":
            child.kill(signal.SIGKILL)
            return
        with suppress(ProcessLookupError):
            os.kill(child.pid if victim == "parent" else self.rng.choice(workers), signal.SIGKILL)


def cells(folder: Path) -> Path:
    return folder / "results" / "pattern_count" / "cells"


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is stored of each cell."""
    return {path.name: path.read_bytes() for path in cells(folder).glob("*.json")}


def assert_intact(folder: Path) -> None:
    """Assert that what is there of cells and summaries is whole."""
    store = CellStore(cells(folder), register().columns)
    for path in cells(folder).glob("*.json"):
        assert store.load(path.stem) is not None, path
    for path in folder.glob("results/pattern_count/*/summary.csv"):
        assert path.read_bytes().endswith(b"\n"), path


def wait_until(child: Child, has_come: Callable[[], bool]) -> None:
    """Return at an event, or when the process has ended."""
    while not has_come() and child.process.poll() is None:
        with suppress(TimeoutExpired):
            child.process.wait(0.002)


def workers_of(child: Child) -> list[int]:
    """Return the worker processes of a run."""
    tasks = Path("/proc")
    with suppress(OSError):
        found = (tasks / f"{child.pid}/task/{child.pid}/children").read_text().split()
        return [int(one) for one in found if _is_worker(tasks / one)]
    return []


def _is_worker(task: Path) -> bool:
    with suppress(OSError):
        return b"LokyProcess" in (task / "cmdline").read_bytes()
    return False


def wait_for_the_end_of(worker: int) -> None:
    """Wait for a worker that has lost its parent, or was killed itself."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(worker)
        try:
            assert select.select([handle], [], [], HANG_SECONDS)[0], f"worker {worker} goes on"
        finally:
            os.close(handle)


if __name__ == "__main__":
    n_kills, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    soak = Soak(random.Random(seed))
    with tempfile.TemporaryDirectory() as name:
        soak.until(n_kills, Path(name))
    for (victim, moment), count in sorted(soak.kills.items()):
        sys.stdout.write(f"{count:4d} of the {victim} at the {moment}\n")
    sys.stdout.write(
        f"{soak.kills.total()} kills in {soak.n_runs} runs of {CELLS} cells; every summary is the "
        f"undisturbed one; {soak.n_left} temporary files were left\n"
    )
