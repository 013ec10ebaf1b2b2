"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="loss of stationary points over the certified optimum, and their structure (Theorem 3)",
    claims=(
        "Theorem 3: loss of stationary points over the certified p*, and what kind of points "
        "they are",
    ),
)
