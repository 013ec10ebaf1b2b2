"""What the two timed processes of a training benchmark share: train on request, say how long.

It imports the standard library and NumPy only, so that the Python of another environment can.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WARM_UP_STEPS = 3

Training = Callable[[int, int], Callable[[], float]]
"""From a number of runs and of steps to the timed call, which returns how to get the loss."""


def write_problem(folder: Path, problem: dict[str, Any], settings: dict[str, Any]) -> None:
    """Write the two files that a timed process reads."""
    np.savez(folder / "problem.npz", **problem)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def read_problem(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `write_problem` wrote."""
    with np.load(folder / "problem.npz") as problem:
        arrays = dict(problem)
    return arrays, json.loads((folder / "settings.json").read_text(encoding="utf-8"))


def serve(version: str, read: Callable[[Path], tuple[int, Training]]) -> None:
    """Announce the version, then train what each line of the input says: runs and a folder.

    Every answer is a line of JSON with the seconds and the final loss of the first run; reading
    the loss is not timed. The first few steps of a folder warm up and are not timed either.

    Parameters
    ----------
    read : callable
        From a folder to its number of steps and its training.
    """
    _say({"version": version})
    known: dict[str, tuple[int, Training]] = {}
    for line in sys.stdin:
        n_runs, _, folder = line.rstrip("\n").partition(" ")
        if folder not in known:
            known[folder] = read(Path(folder))
            n_steps, train = known[folder]
            train(1, min(WARM_UP_STEPS, n_steps))()
        n_steps, train = known[folder]
        start = time.perf_counter()
        loss = train(int(n_runs), n_steps)
        seconds = time.perf_counter() - start
        _say({"seconds": seconds, "loss": loss()})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
