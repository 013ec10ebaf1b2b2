"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="failure rate of random patterns to interpolate, against Chernoff (Proposition 2)",
    claims=("Proposition 2: 8 κ log(n/δ) random patterns interpolate with probability 1 − δ",),
)
