r"""Certified optimality gaps of convex relaxations of two-layer ReLU networks.

Training a two-layer ReLU network with weight decay is a convex program over the *activation
patterns* of the data (`PatternSet`): `enumerate_patterns` lists all of them, `sample_patterns`
draws some. `solve` returns a network and a *bracket* of the best training loss, proven from a dual
point whatever method found it; with all patterns it is the best of any width, with sampled ones
that of the networks restricted to these. `certify` brackets the best loss for a network that was
trained elsewhere and says how far above it that network is. `path` solves from the strength of
weight decay at which the zero network is optimal downwards, and `optimal_set` describes all optimal
networks at one strength. Underneath, `relaxgap.problems` states the programs,
`relaxgap.certificates` proves the bounds, `relaxgap.solvers` and `relaxgap.global_optimum` find the
points, `relaxgap.networks` maps them to networks and back, and `relaxgap.analysis` puts them
together into these verbs.

Examples
--------
>>> import numpy as np
>>> import relaxgap
>>> rng = np.random.default_rng(0)
>>> X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
>>> result = relaxgap.solve(X, y, beta_fraction=0.1)
>>> result.complete, result.status is relaxgap.Status.SOLVED
(True, True)

Another network is measured against the same optimum; its file may come from PyTorch:

>>> network = relaxgap.TwoLayerNetwork(rng.standard_normal((5, 2)), rng.standard_normal(5))
>>> report = relaxgap.certify(network, X, y, beta=result.beta)
>>> report.lower_bound <= result.primal_value < report.network_value
True
>>> report.network_value == network.training_loss(relaxgap.Dataset(X, y), result.beta)
True

Patterns can be made once and used again:

>>> all_of_them = relaxgap.enumerate_patterns(X)
>>> all_of_them.n_patterns, all_of_them.complete
(12, True)
>>> sampled = relaxgap.sample_patterns(X, 3, np.random.default_rng(0))
>>> isinstance(sampled, relaxgap.PatternSet), sampled.complete
(True, False)
>>> relaxgap.solve(X, y, beta=result.beta, patterns=sampled).primal_value >= result.dual_value
True

What cannot be used is refused in one line that says what was expected, what came and what to do:

>>> try:
...     relaxgap.solve(X, [np.nan] * 6, beta=0.1)
... except relaxgap.DataError as error:
...     print(error)
Expected finite numbers, got 6 NaN or infinite entries in y, the first y[0]; remove or impute them.
"""

from typing import TYPE_CHECKING

from relaxgap.errors import (
    ConfigurationError,
    DataError,
    EnumerationLimitError,
    MissingSolverError,
    RelaxgapError,
    StorageError,
)
from relaxgap.lazy import importing

if TYPE_CHECKING:
    from relaxgap.analysis.certified_network import NetworkReport
    from relaxgap.analysis.certifying import certify
    from relaxgap.analysis.optimal_set import optimal_set
    from relaxgap.analysis.optimal_set_record import OptimalSet
    from relaxgap.analysis.regularisation_path import path
    from relaxgap.analysis.solved_path import RegularisationPath
    from relaxgap.analysis.solved_program import SolveResult
    from relaxgap.analysis.solving import solve
    from relaxgap.data.dataset import Dataset
    from relaxgap.global_optimum.informed_patterns import informed_patterns
    from relaxgap.networks.fitted import FittedNetwork
    from relaxgap.networks.gated import GatedNetwork
    from relaxgap.networks.reading.files import load_network
    from relaxgap.networks.two_layer import TwoLayerNetwork
    from relaxgap.numerics.backend import Backend
    from relaxgap.patterns.enumeration import enumerate_patterns
    from relaxgap.patterns.pattern_set import PatternSet
    from relaxgap.patterns.sampling import sample_patterns
    from relaxgap.solvers.base import Status
    from relaxgap.version import __version__
else:
    # nothing is imported before it is used: CVXPY, SciPy and NumPy alone take seconds
    __getattr__ = importing(
        __name__,
        {
            "Backend": "relaxgap.numerics.backend",
            "Dataset": "relaxgap.data.dataset",
            "GatedNetwork": "relaxgap.networks.gated",
            "FittedNetwork": "relaxgap.networks.fitted",
            "NetworkReport": "relaxgap.analysis.certified_network",
            "OptimalSet": "relaxgap.analysis.optimal_set_record",
            "PatternSet": "relaxgap.patterns.pattern_set",
            "RegularisationPath": "relaxgap.analysis.solved_path",
            "SolveResult": "relaxgap.analysis.solved_program",
            "Status": "relaxgap.solvers.base",
            "TwoLayerNetwork": "relaxgap.networks.two_layer",
            "__version__": "relaxgap.version",
            "certify": "relaxgap.analysis.certifying",
            "enumerate_patterns": "relaxgap.patterns.enumeration",
            "informed_patterns": "relaxgap.global_optimum.informed_patterns",
            "load_network": "relaxgap.networks.reading.files",
            "optimal_set": "relaxgap.analysis.optimal_set",
            "path": "relaxgap.analysis.regularisation_path",
            "sample_patterns": "relaxgap.patterns.sampling",
            "solve": "relaxgap.analysis.solving",
        },
    )

__all__ = [
    "Backend",
    "ConfigurationError",
    "DataError",
    "Dataset",
    "EnumerationLimitError",
    "FittedNetwork",
    "GatedNetwork",
    "MissingSolverError",
    "NetworkReport",
    "OptimalSet",
    "PatternSet",
    "RegularisationPath",
    "RelaxgapError",
    "SolveResult",
    "Status",
    "StorageError",
    "TwoLayerNetwork",
    "__version__",
    "certify",
    "enumerate_patterns",
    "informed_patterns",
    "load_network",
    "optimal_set",
    "path",
    "sample_patterns",
    "solve",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
