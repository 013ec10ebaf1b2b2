"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    results_version=2,
    shows="the best network of one or two neurons, and how often training finds it",
    claims=("Below m* the best network is worse than the optimum, and training misses it",),
)
