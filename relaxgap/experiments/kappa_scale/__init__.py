"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="condition number of the gates' matrix M over its limit and its bound (Theorem 6)",
    claims=("Theorem 6: κ ≤ 20 (√c + 1)²",),
)
