"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="what a certified optimum of three layers costs",
    claims=("What a certified optimum of three layers costs, over all groups and over sampled",),
)
