r"""The lasso over non-negative coefficients, to rounding.

An active set solves :math:`\min_{c \ge 0} \tfrac12 \|A c - y\|^2 + \beta \sum_k c_k`, whose dual is
the point nearest to ``y`` among those with :math:`a_k^\top \nu \le \beta` for every column.

References
----------
Lawson & Hanson (1974), Solving least squares problems, chapter 23, with a linear term.
"""

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS

DEPENDENT = 1e-13
"""Singular values at most this part of the largest are those of dependent columns."""


def nonnegative_lasso(
    A: Float64[np.ndarray, "n k"], y: Float64[np.ndarray, " n"], beta: float
) -> Float64[np.ndarray, " k"]:
    """Return the minimiser, one of them where the columns are dependent.

    Parameters
    ----------
    A : (n, k) float64
        Columns of moderate size, dependent or not.
    y : (n,) float64
        Labels.
    beta : float
        Not negative.

    Notes
    -----
    Never fails: where rounding leaves no way on it returns the best it found. Cost: a singular
    value decomposition of the columns in use for each that enters or leaves.
    """
    c = np.zeros(A.shape[1])
    used = np.zeros(A.shape[1], dtype=np.bool_)
    refused = used.copy()
    seen = {used.tobytes()}
    lengths = np.linalg.norm(A, axis=0)
    for _ in range(10 * A.shape[1]):
        checkpoint()
        slopes = A.T @ (y - A @ c) - beta
        doubt = 4.0 * EPS * ((np.linalg.norm(y) + c @ lengths) * lengths + beta)
        slopes[used | refused | (slopes <= doubt)] = 0.0
        if not slopes.any():
            break
        entering = int(np.argmax(slopes))
        wider = used.copy()
        wider[entering] = True
        moved, moved_used = _settle(A, y, beta, c, wider)
        # a set of columns that comes back does so by rounding: values are too coarse to tell
        if moved_used[entering] and moved_used.tobytes() not in seen:
            seen.add(moved_used.tobytes())
            c, used = moved, moved_used
            refused[:] = False
        else:
            refused[entering] = True
    return c


def _settle(
    A: Float64[np.ndarray, "n k"],
    y: Float64[np.ndarray, " n"],
    beta: float,
    c: Float64[np.ndarray, " k"],
    used: Bool[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
    """Minimise over the columns in use; those whose coefficient reaches zero leave."""
    c, used = c.copy(), used.copy()
    while np.any(used):
        free = np.flatnonzero(used)
        step, whole = _step(A[:, free], y, beta, c[free])
        falling = c[free] + step <= 0.0 if whole else step < 0.0
        if not np.any(falling):
            if whole:
                c[free] += step
            return c, used
        reach = c[free[falling]] / np.maximum(-step[falling], np.finfo(np.float64).tiny)
        length = float(reach.min())
        c[free] = np.maximum(c[free] + length * step, 0.0)
        left = free[np.flatnonzero(falling)[reach <= length]]
        c[left], used[left] = 0.0, False
    return c, used


def _step(
    A: Float64[np.ndarray, "n k"],
    y: Float64[np.ndarray, " n"],
    beta: float,
    c: Float64[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " k"], bool]:
    """Return the way to the minimiser, or one without end along which the penalty falls."""
    left, values, right = np.linalg.svd(A, full_matrices=True)
    rank = int(np.count_nonzero(values > DEPENDENT * values.max(initial=0.0)))
    ones = np.ones(A.shape[1])
    idle = right[rank:]
    along = idle.T @ (idle @ ones)
    if np.linalg.norm(along) > 1e-9 * np.linalg.norm(ones):
        return -beta * along, False
    values, right = values[:rank], right[:rank]
    residual = left[:, :rank].T @ (y - A @ c)
    return right.T @ (residual / values - beta * (right @ ones) / values**2), True
