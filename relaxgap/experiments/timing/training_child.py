"""The timed process of `relaxgap.training.train`: ``python -m ...``."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.timing.lifetime import end_with
from relaxgap.experiments.timing.stopwatch import Training, read_problem, serve
from relaxgap.training import NetworkBatch, TrainingSpec, train


def main() -> int:
    """Train what the input asks for and return the exit status."""
    end_with(os.getppid())
    serve(f"relaxgap {version('relaxgap')}, numpy {version('numpy')}", read)
    return 0


def read(folder: Path) -> tuple[int, Training]:
    """Return the number of steps of a folder and its training."""
    problem, settings = read_problem(folder)
    data = Dataset(problem["X"], problem["y"])
    initial = NetworkBatch(problem["hidden"], problem["output"])
    spec = TrainingSpec(**settings["spec"])

    def trained(n_runs: int, n_steps: int) -> Callable[[], float]:
        result = train(
            data,
            settings["beta"],
            replace(spec, n_steps=n_steps),
            initial.of_runs(slice(n_runs)),
            np.random.default_rng(0),
        )
        return lambda: float(result.final_losses[0])

    return spec.n_steps, trained


if __name__ == "__main__":
    sys.exit(main())
