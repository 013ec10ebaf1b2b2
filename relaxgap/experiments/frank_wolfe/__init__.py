"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="networks with several outputs: the gap against steps, plain Frank-Wolfe and ours",
    claims=("Sahiner et al., Algorithm 1: Frank-Wolfe steps reach the optimum at a rate of 1/k",),
)
