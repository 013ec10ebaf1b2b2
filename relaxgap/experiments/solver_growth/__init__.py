"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds to 1e-4 against n at c = n/d = 2 and 8 log n gates (Theorem 2)",
    claims=("Theorem 2: time grows as a polynomial in n",),
    optional="solver",
)
