"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="initial patterns left at stationary points of the regularised loss (assumption A2)",
    claims=("(A2), Theorem 3's hypothesis: initial patterns left at stationary points",),
)
