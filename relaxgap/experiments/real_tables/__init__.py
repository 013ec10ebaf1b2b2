"""A drawer: `models.py` fits every method, `cell.py` measures them, `figure.py` draws."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="test errors on tables of users next to perceptrons, boosting and linear models, and how "
    "far each network is from its optimum",
    claims=("What convex training is worth on real tables, and how good its networks are proven",),
    results_version=2,
)
