"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="shortest vector above |Xz| against the rows for each feature (Lemma 2)",
    claims=("Lemma 2: min ‖u‖ with Xu ≥ |Xz| tends to R(ρ)",),
)
