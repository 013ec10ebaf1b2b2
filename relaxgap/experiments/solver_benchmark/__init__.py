"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds to a measured accuracy, memory and iterations of every solver, side by side",
    claims=("What an accuracy costs: every solver on the same instances, side by side",),
    optional="solver",
)
