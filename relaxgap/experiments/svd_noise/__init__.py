"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="whitened rows and noisy classes: the ReLU optimum over that of linear networks",
    claims=(
        "Sahiner et al., Theorem 5: one-hot labels of whitened data have a soft-thresholded SVD as "
        "optimum",
    ),
)
