r"""Non-negative least squares whose answer is checked, not believed.

:math:`\lambda \ge 0` minimises :math:`\|A \lambda - b\|` iff the slopes
:math:`A^\top (b - A \lambda)` are at most 0, and 0 where :math:`\lambda` is positive. A library may
stop short of that near the boundary of the cone that the columns span; then an active set of our
own goes on from where it stopped.

References
----------
Lawson & Hanson (1974), Solving least squares problems, chapter 23.
"""

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import nnls

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS

MODERATE = 1e-6
"""Columns of peaks between this and its inverse are taken as they are."""


def nonnegative_least_squares(
    A: Float64[np.ndarray, "m k"], b: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " k"]:
    r"""Return the :math:`\lambda \ge 0` of least :math:`\|A \lambda - b\|`, up to rounding.

    Parameters
    ----------
    A : (m, k) float64
        Finite, its columns of any size.
    b : (m,) float64
        Finite, of any size.

    Notes
    -----
    Never fails: where rounding leaves no way on it returns the closest it found. An entry beyond
    double precision is the largest number there is.
    """
    largest = float(np.abs(b).max(initial=0.0))
    if largest == 0.0 or A.shape[1] == 0:
        return np.zeros(A.shape[1])
    # a length whose squares leave double precision is not needed to norm b
    size = float(np.linalg.norm(b)) if 1e-150 < largest < 1e150 else largest
    scaled = b / size
    peaks = np.abs(A).max(axis=0)
    exponents = np.zeros(A.shape[1], dtype=np.int64)
    if np.any((peaks > 1.0 / MODERATE) | ((peaks < MODERATE) & (peaks > 0.0))):
        # columns far apart, or whose squares leave double precision; powers of two lose nothing
        exponents = np.frexp(peaks)[1].astype(np.int64)
        A = np.ldexp(A, -exponents)
    try:
        found, _ = nnls(A, scaled, maxiter=20 * A.shape[1])
    except RuntimeError:
        found = np.zeros(A.shape[1])
    if not is_optimal(A, scaled, found):
        found = _active_set(A, scaled, found)
    if not exponents.any():
        return np.asarray(size * found)
    mantissas, powers = np.frexp(found)
    with np.errstate(over="ignore", under="ignore"):
        unscaled = np.ldexp(mantissas * size, powers - exponents)
    return np.minimum(unscaled, np.finfo(np.float64).max)


def is_optimal(
    A: Float64[np.ndarray, "m k"], b: Float64[np.ndarray, " m"], found: Float64[np.ndarray, " k"]
) -> bool:
    """Whether non-negative numbers minimise the distance to ``b``, as far as rounding shows."""
    slopes, doubt = _slopes(A, b, found)
    wrong = np.where(found > 0.0, np.abs(slopes), slopes) > doubt
    return not bool(np.any(wrong)) and bool(np.all(found >= 0.0))


def _slopes(
    A: Float64[np.ndarray, "m k"], b: Float64[np.ndarray, " m"], found: Float64[np.ndarray, " k"]
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """Return half the descent along each entry, and what of it may be rounding."""
    lengths = np.linalg.norm(A, axis=0)
    size = float(np.linalg.norm(b)) + float(found @ lengths)
    return A.T @ (b - A @ found), 16.0 * EPS * (A.shape[0] + A.shape[1]) * size * lengths


def _active_set(
    A: Float64[np.ndarray, "m k"], b: Float64[np.ndarray, " m"], start: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    """Free one entry after another, for as long as that brings the product closer to ``b``."""
    found, positive = _settle(A, b, np.maximum(start, 0.0), start > 0.0)
    distance = float(np.linalg.norm(A @ found - b))
    refused = np.zeros(found.size, dtype=np.bool_)
    for _ in range(10 * found.size):
        checkpoint()
        slopes, doubt = _slopes(A, b, found)
        slopes[positive | refused | (slopes <= doubt)] = 0.0
        entering = int(np.argmax(slopes))
        if slopes[entering] == 0.0:
            break
        wider = positive.copy()
        wider[entering] = True
        moved, moved_positive = _settle(A, b, found, wider)
        closer = float(np.linalg.norm(A @ moved - b))
        if closer < distance:
            found, positive, distance = moved, moved_positive, closer
            refused[:] = False
        else:
            # rounding alone made it look like a descent
            refused[entering] = True
    return found


def _settle(
    A: Float64[np.ndarray, "m k"],
    b: Float64[np.ndarray, " m"],
    found: Float64[np.ndarray, " k"],
    positive: Bool[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
    """Minimise over the entries marked, fixing at 0 those that reach it on the way."""
    found, positive = found.copy(), positive.copy()
    while np.any(positive):
        free = np.flatnonzero(positive)
        best = np.linalg.lstsq(A[:, free], b, rcond=None)[0]
        if np.all(best > 0.0):
            found[free] = best
            break
        falling = np.flatnonzero(best <= 0.0)
        before = found[free]
        reach = before[falling] / np.maximum(before[falling] - best[falling], np.finfo(float).tiny)
        length = float(reach.min())
        found[free] = np.maximum(before + length * (best - before), 0.0)
        stopped = free[falling[reach <= length]]
        found[stopped], positive[stopped] = 0.0, False
    return found, positive
