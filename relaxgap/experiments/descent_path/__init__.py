"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="loss along the path from any network to a minimal one (Wang et al. 2022)",
    claims=("Strictly decreasing path to a minimal network (Wang et al. 2022)",),
)
