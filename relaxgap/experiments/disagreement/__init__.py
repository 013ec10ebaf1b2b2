"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="how much two optimal networks can disagree off the data, against the strength",
    claims=("Kim, Mishkin & Pilanci: optimal networks can be many functions",),
)
