"""Time trainings in two processes in turn, so that a ratio of seconds is one of neighbours."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from relaxgap.errors import ConfigurationError, MissingSolverError, RelaxgapError
from relaxgap.experiments.timing.process import killed_in_the_end, pinned
from relaxgap.experiments.timing.task import ABSENT

TORCH_PYTHON = "RELAXGAP_TORCH_PYTHON"
"""Environment variable: the Python that has PyTorch, if this one has not."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Hold the repeats of one training.

    Parameters
    ----------
    seconds : tuple of float
        One for each repeat.
    loss : float
        Final loss of the first run.
    version : str
        Of the library.
    """

    library: str
    n_runs: int
    seconds: tuple[float, ...]
    loss: float
    version: str


def commands() -> dict[str, list[str]]:
    """Return how to start the process of each library; that of PyTorch where there is one.

    Raises
    ------
    ConfigurationError
        If ``TORCH_PYTHON`` names no program.
    """
    ours = [sys.executable, "-m", "relaxgap.experiments.timing.training_child"]
    python = os.environ.get(TORCH_PYTHON)
    if python is not None and shutil.which(python) is None:
        raise ConfigurationError(
            f"Expected {TORCH_PYTHON} to name a Python with PyTorch, got {python!r}; unset it to "
            "time relaxgap alone."
        )
    if python is None and importlib.util.find_spec("torch") is not None:
        python = sys.executable
    child = str(Path(__file__).with_name("torch_child.py"))
    return {"relaxgap": ours} | ({} if python is None else {"pytorch": [python, child]})


def timings(
    folders: Sequence[Path], rounds: Sequence[tuple[str, int]], repeats: int, threads: int
) -> list[list[Timing]]:
    """Train in turn what each pair of a library and a number of runs says, for every folder.

    Parameters
    ----------
    folders : sequence of Path
        What `stopwatch.write_problem` wrote.
    rounds : sequence of (str, int)
        Order within a repeat; pairs of a library that is not installed are left out.
    repeats : int
        Number of times.
    threads : int
        BLAS threads of each process; only one of them trains at any moment.

    Raises
    ------
    RelaxgapError
        If a process ends early.
    """
    with ExitStack() as stack:
        clocks: dict[str, _Clock] = {}
        for library, command in commands().items():
            clock = stack.enter_context(_started(command, threads))
            if clock is not None:
                clocks[library] = clock
        present = [pair for pair in dict.fromkeys(rounds) if pair[0] in clocks]
        return [_of_folder(clocks, folder, present, repeats) for folder in folders]


def _of_folder(
    clocks: "dict[str, _Clock]", folder: Path, rounds: list[tuple[str, int]], repeats: int
) -> list[Timing]:
    answers: dict[tuple[str, int], list[dict[str, Any]]] = {pair: [] for pair in rounds}
    for _ in range(repeats):
        for library, n_runs in rounds:
            answers[library, n_runs].append(clocks[library].ask(n_runs, folder))
    return [
        Timing(
            library,
            n_runs,
            tuple(float(answer["seconds"]) for answer in given),
            float(given[0]["loss"]),
            clocks[library].version,
        )
        for (library, n_runs), given in answers.items()
    ]


class _Clock:
    """Speak with a timed process."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: IO[str]) -> None:
        self._process, self._said = process, said
        self.version = str(self._answer()["version"])

    def ask(self, n_runs: int, folder: Path) -> dict[str, Any]:
        """Have so many runs of a folder trained."""
        # a process that has ended leaves no answer either
        with suppress(BrokenPipeError):
            cast(IO[bytes], self._process.stdin).write(f"{n_runs} {folder}\n".encode())
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = cast(IO[bytes], self._process.stdout).readline()
        if line:
            return dict(json.loads(line))
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        last = lines[-1].strip() if lines else "no message"
        if code == ABSENT:
            raise MissingSolverError(last)
        raise RelaxgapError(f"Expected the seconds of a training, got exit status {code}: {last}")


@contextmanager
def _started(command: list[str], threads: int) -> Iterator[_Clock | None]:
    """Start a timed process and wait until it is ready; None if its library is not installed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command,
            # unbuffered: a request to a process that has ended fails at once and leaves nothing
            bufsize=0,
            env=pinned(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
        with process, killed_in_the_end(process):
            try:
                clock = _Clock(process, said)
            except MissingSolverError:
                clock = None
            yield clock
