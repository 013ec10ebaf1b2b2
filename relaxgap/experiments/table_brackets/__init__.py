"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="tables of scikit-learn: how near the certified bound comes to the best network, second "
    "by second",
    claims=("How soon a bracket over all patterns closes on real tables",),
)
