"""The toy experiment among those that a command knows, in any process."""

import importlib
from pathlib import Path

from relaxgap.experiments import registry
from relaxgap.experiments.experiment import Experiment

TESTS = Path(__file__).resolve().parents[1]
CONF = TESTS / "toy" / "experiment" / "conf"
STATEMENTS = f"""
import sys
sys.path[:0] = [{str(TESTS.parent)!r}, {str(TESTS)!r}]
from toy.registered import register
register()
"""
"""What a process runs before the command."""


def register() -> Experiment:
    """Add the experiment and return it."""
    experiment: Experiment = importlib.import_module("toy.experiment.pattern_count").EXPERIMENT
    registry.EXPERIMENTS[experiment.name] = experiment
    return experiment


def command(n_cells: int) -> tuple[str, ...]:
    """Return the arguments of a run of cells that take a few milliseconds each."""
    grid = ("grid.data.n=[4]", f"grid.seed=0..{n_cells - 1}")
    return ("run", "experiment=pattern_count", *grid, "--config-dir", str(CONF))
