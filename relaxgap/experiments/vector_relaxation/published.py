"""The published relaxation in one matrix, stated as its authors state it.

The matrix holds products of the positive and negative parts of all activations, of neurons and of
outputs, and has order 2 n + d + q.

References
----------
Prakhya, Birdal & Yurtsever (2025), arXiv 2410.22311, Section 4, and what was published with it.
"""

import time
import warnings

import numpy as np

from relaxgap.problems.vector_output import VectorProgram


def published_relaxation(program: VectorProgram, time_limit: float) -> tuple[float, float]:
    """Return the value that Clarabel finds, which proves nothing, and its seconds; NaN if it fails.

    The authors take MOSEK, an interior point method too; SCS, their other choice, ends some
    percent lower at the tolerance that they give it.
    """
    # a second and a half to import, and only this comparison needs it
    import cvxpy as cp

    data = program.data
    (n, q), d = data.Y.shape, data.d
    order = 2 * n + d + q
    lifted = cp.Variable((order, order), PSD=True)
    positive, negative = np.eye(n, order), np.eye(n, order, n)
    parts = np.hstack([-np.eye(n), np.eye(n), data.X, np.zeros((n, q))])
    fit = lifted[:n, 2 * n + d :]
    weights = lifted[2 * n :, 2 * n :]
    objective = 0.5 * cp.sum_squares(fit - data.Y) + 0.5 * program.beta * cp.trace(weights)
    constraints = [
        parts @ lifted @ parts.T == 0,
        cp.diag(parts @ lifted @ parts.T) == 0,
        cp.diag(positive @ lifted @ negative.T) == 0,
        lifted[: 2 * n, : 2 * n] >= 0,
    ]
    problem = cp.Problem(cp.Minimize(objective), constraints)
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            # an inaccurate end is what is measured
            warnings.simplefilter("ignore")
            problem.solve(
                solver="CLARABEL",
                time_limit=time_limit,
            )
    except (cp.error.SolverError, ValueError, ArithmeticError):
        return np.nan, time.perf_counter() - began
    value = np.nan if problem.value is None else float(problem.value)
    return value, time.perf_counter() - began
