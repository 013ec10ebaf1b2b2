"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="three layers: seconds to the certified optimum against samples",
    claims=(
        "Ergen & Pilanci, Section 3: for sub-networks of fixed width training takes time "
        "polynomial in the samples",
    ),
)
