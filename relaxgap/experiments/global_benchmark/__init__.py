"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="what else finds or bounds the global optimum: SCIP, a published SDP, Adam; and when",
    claims=("The global optimum by other means: SCIP, a published SDP, restarts of Adam",),
    optional="method",
)
