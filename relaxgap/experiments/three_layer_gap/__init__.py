"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="what a third layer buys: certified three-layer optima over the two-layer one",
    claims=(
        "Ergen & Pilanci: what depth buys under either normalisation, next to a weaker penalty",
    ),
)
