"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="connected components of the set of optimal networks of a width, against the width",
    claims=("Kim, Mishkin & Pilanci: the optimal set changes at m*, M* and min(m* + M*, n + 1)",),
)
