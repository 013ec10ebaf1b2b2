"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="live neurons and occupied cells of wide networks, against training steps",
    claims=("Wang, Lacotte & Pilanci: stationary networks hold one direction a cell; how many",),
)
