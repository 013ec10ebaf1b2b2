"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="networks with several outputs: the exact optimum, three relaxations of it, and trained "
    "networks",
    claims=(
        "Sahiner et al., Theorem 1 and Eq. (10): the copositive relaxation is exact for n ≤ 4 or "
        "d ≤ 2; beyond it",
    ),
)
