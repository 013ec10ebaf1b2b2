"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="convolutions with average pooling: seconds to the optimum against samples",
    claims=(
        "Sahiner et al., Section 4: convolutional networks are trained in time polynomial in the "
        "samples, exponential only in the patch",
    ),
)
