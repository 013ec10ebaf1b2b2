"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="optimum with a squared penalty against the number of gates (Theorem 4)",
    claims=("Theorem 4: with a squared penalty the optimum falls like 1/P̃",),
)
