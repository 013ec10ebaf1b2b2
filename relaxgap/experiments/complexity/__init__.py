"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds of the interior point method against d m, and the loss it buys (Theorem 2)",
    claims=("Theorem 2: O(d³m³) operations for a loss within O(√log n) of the optimum",),
    optional="solver",
)
