r"""The published semidefinite relaxation of training as a completely positive program.

With :math:`a = (Xw)_+`, :math:`b = (-Xw)_+` and output weights v, a network is the matrix
:math:`\Lambda = \sum_j (a_j, b_j, w_j, v_j)(a_j, b_j, w_j, v_j)^\top`. The relaxation asks of it
that it is positive semidefinite, not negative among a and b, zero where :math:`a_i` meets
:math:`b_i`, and that :math:`a - b = Xw`, which leaves the coordinates (b, w, v): the program is
written in these, with a smaller matrix and the same value. As published (stated so in
`vector_relaxation`) it has no interior, and solvers end below its value.

References
----------
Prakhya, Birdal & Yurtsever (2024), arXiv 2410.22311, and their code (SDPNN-IW).
"""

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np

from relaxgap.data.dataset import Dataset

if TYPE_CHECKING:
    import cvxpy as cp

SdpSolver = Literal["CLARABEL", "SCS"]
SDP_SOLVERS: dict[str, SdpSolver] = {"sdp_clarabel": "CLARABEL", "sdp_scs": "SCS"}
LIMITS: dict[SdpSolver, str] = {"CLARABEL": "time_limit", "SCS": "time_limit_secs"}
"""By which a solver calls its time limit."""


@dataclass(frozen=True, slots=True)
class SdpValue:
    """Hold what a solver says of the relaxation.

    Parameters
    ----------
    value : float
        A lower bound of the optimum as far as the solver's accuracy goes: nothing is proven.
    version : str
        Of both.
    """

    status: str
    value: float
    version: str


def relaxation(data: Dataset, beta: float) -> "cp.Problem":
    """Return the relaxation of one output column."""
    import cvxpy as cp

    n, d = data.n, data.d
    eye, zero = np.eye(n), np.zeros((n, d + 1))
    first = np.hstack([eye, data.X, np.zeros((n, 1))])
    second = np.hstack([eye, zero])
    S = cp.Variable((n + d + 1, n + d + 1), PSD=True)
    both = np.vstack([first, second])
    predictions = first @ S[:, -1]
    penalty = 0.5 * beta * cp.trace(S[n:, n:])
    fit = 0.5 * cp.sum_squares(predictions - data.y)
    meeting = cp.sum(cp.multiply(first @ S, second), axis=1)
    return cp.Problem(cp.Minimize(fit + penalty), [both @ S @ both.T >= 0.0, meeting == 0.0])


def solve_relaxation(data: Dataset, beta: float, solver: SdpSolver, seconds: float) -> SdpValue:
    """Solve the relaxation with the solver's own accuracy, within a time limit."""
    import cvxpy as cp

    problem = relaxation(data, beta)
    versions = f"{solver.lower()} {version(solver.lower())}, cvxpy {version('cvxpy')}"
    try:
        with warnings.catch_warnings():
            # the status says that an end is inaccurate
            warnings.simplefilter("ignore")
            problem.solve(solver=solver, **{LIMITS[solver]: seconds})
    except (cp.error.SolverError, ValueError, ArithmeticError):
        return SdpValue("failed", float("nan"), versions)
    value = float("nan") if problem.value is None else float(problem.value)
    return SdpValue(str(problem.status), value, versions)
