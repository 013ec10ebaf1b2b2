"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="the passes over tall data on an accelerator, next to one thread",
    claims=("What a pass over tall data costs on an accelerator, next to one CPU thread",),
    optional="device",
)
