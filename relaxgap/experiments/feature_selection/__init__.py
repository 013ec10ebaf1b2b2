"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="groups, first-layer patterns and columns that optima of two and three layers use",
    claims=("Ergen & Pilanci: a group norm selects few groups; whether it selects columns",),
)
