"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="largest gated price, the cut, its relaxation and the eigenvalue bound (Section 3.4)",
    claims=("Section 3.4: C_y² ≤ cut ≤ SDP ≤ L‖y‖²",),
)
