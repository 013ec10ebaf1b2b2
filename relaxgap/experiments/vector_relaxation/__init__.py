"""A drawer: `cell.py` measures, `published.py` states the rival, `figure.py` draws."""

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
