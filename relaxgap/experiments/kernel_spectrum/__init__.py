"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="the gates' matrix M beside a kernel linear in the Gram matrix, against d (Lemmas 5, 6)",
    claims=(
        "Lemma 6: M is nearly linear in the Gram matrix; Lemma 5: its least eigenvalue with it",
    ),
)
