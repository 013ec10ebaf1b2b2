"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="relaxation and gradient methods over the certified optimum, against log n (Theorem 1)",
    claims=("Theorem 1: p̃*/p* ≤ C √log 2n; Theorem 3: gradient methods end near p*",),
)
