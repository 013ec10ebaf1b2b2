"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="activation patterns that Gaussian gates find, of all there are",
    claims=("Cover: 2 Σ C(n-1, k) patterns exist; a sample finds the wide ones first",),
)
