"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="every link of Theorem 1's proof between certified ends, against n",
    claims=(
        "Theorem 1 link by link; p̃* ≤ C p̃_g (Proposition 5), where alone its logarithm enters",
    ),
)
