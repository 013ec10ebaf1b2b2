"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="activations changed at 1% of the loss against width, method, step and scale (Lemma 1)",
    claims=("Lemma 1 in its own setting: changed activations ∝ m^(-1/2), at matched loss",),
)
