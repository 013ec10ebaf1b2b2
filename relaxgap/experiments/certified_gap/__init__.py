"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="relaxation and SGD over a certified bracket of the optimum up to n = 1000 (Theorem 1)",
    results_version=2,
    claims=(
        "Theorem 1 beyond enumeration: certified p̃*/p* and SGD/p* to n = 1000; is the square "
        "root there?",
    ),
)
