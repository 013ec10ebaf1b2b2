"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="seconds to a measured accuracy on tables of many more rows than columns, next to pyscnn",
    claims=("What an accuracy costs on tall tables: both programs, next to pyscnn",),
    optional="solver",
)
