"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds of a training step next to PyTorch, and of many runs in one batch",
    claims=("What a training step costs, next to PyTorch",),
    optional="library",
)
