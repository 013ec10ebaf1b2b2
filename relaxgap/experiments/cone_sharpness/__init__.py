"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="sharpness of pattern cones: random, used and worst directions (Theorem 7)",
    results_version=2,
    claims=("Theorem 7: C(K, z) ≤ C₀ √log 2n; for all directions at once a constant",),
)
