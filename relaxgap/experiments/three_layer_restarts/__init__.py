"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="three layers: the best of many trained networks over the certified convex optimum",
    claims=(
        "Ergen & Pilanci, Theorem 2: with n + 1 parallel three-layer sub-networks training is a "
        "convex program",
    ),
)
