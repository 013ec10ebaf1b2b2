"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    results_version=2,
    shows="m* and M*: the smallest and the largest width of a vertex of the optimal set",
    claims=("Wang, Lacotte & Pilanci: m* <= n + 1; Kim, Mishkin & Pilanci: m* <= M*",),
)
