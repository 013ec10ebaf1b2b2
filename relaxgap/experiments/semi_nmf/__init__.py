"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="networks with several outputs: how many neurons a cell of the optimum holds, and the "
    "rank of its block",
    claims=("Sahiner et al., Section 3: each block of the optimum is a semi-nonnegative product",),
)
