"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="labels that make the relaxation as bad as ascent can, over random ones (Theorem 1)",
    claims=("Theorem 1 is for every y: the worst labels that ascent finds",),
    results_version=2,
)
