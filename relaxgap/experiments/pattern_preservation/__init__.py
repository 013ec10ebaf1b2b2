"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="activations kept during training against the coupling bound (Lemma 1, Figure 2)",
    claims=("Lemma 1 and Figure 2: patterns kept in training, coupling bound",),
    results_version=2,
)
