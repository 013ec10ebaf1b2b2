"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds to enumerate all patterns and to certify the optimum over them",
    claims=("Cover's count is reached; p* over all patterns is computable",),
)
