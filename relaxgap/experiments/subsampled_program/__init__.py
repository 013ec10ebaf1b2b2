"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="optimum over a stationary network's own patterns, signed and both-signed (Eq. 19)",
    claims=("Eq. (19): a stationary network is optimal over its own patterns, signed",),
)
