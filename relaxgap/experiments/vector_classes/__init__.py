"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="tables of classes: one gated program of all outputs next to one for each class",
    claims=("What one program of all classes is worth on real tables, next to one for each class",),
)
