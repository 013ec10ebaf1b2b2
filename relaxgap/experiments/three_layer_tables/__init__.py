"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="tables of two classes: three-layer programs over sampled groups next to perceptrons of "
    "two hidden layers",
    claims=("What three-layer programs over sampled groups are worth on real tables",),
)
