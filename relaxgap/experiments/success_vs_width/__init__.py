"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="chance of training to within 1% of the optimum against the width over a pruned one's",
    claims=("How wide is wide enough? Chance of reaching p* in a budget of steps, against width",),
)
