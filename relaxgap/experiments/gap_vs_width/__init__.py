"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="objective against sampled patterns / network width, with the optimum (Figure 1)",
    claims=("Figure 1: objective against sampled patterns / width",),
)
