"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="condition number of the gates' matrix and its kernel, against d (Theorem 6, Lemma 6)",
    claims=("Theorem 6: κ ≤ 20 (√c + 1)²; Lemma 6: M is nearly linear in the Gram matrix",),
)
