"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="cones a minute whose sharpness is bracketed, next to a conic solver",
    claims=("What a certified bracket of Definition 1's sharpness costs, next to a conic solver",),
)
