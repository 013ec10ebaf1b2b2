"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figures."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="relaxations over Gaussian, geometric-algebra and informed gates, at equal numbers",
    claims=("Gates around a relaxation's neurons, next to Gaussian and geometric-algebra ones",),
)
