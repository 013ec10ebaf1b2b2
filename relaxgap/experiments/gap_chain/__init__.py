"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="every link of Theorem 1's proof between certified ends, against n",
    claims=(
        "Proposition 5: p̃* ≤ C p̃_g, the link in which alone the logarithm enters",
        "Theorem 1 without its logarithm: p̃*/p* is at most a constant of n/d",
    ),
)
