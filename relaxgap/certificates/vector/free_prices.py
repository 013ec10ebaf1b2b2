r"""The price of free blocks with several outputs: the largest singular value of each moment.

The moment of a pattern at a dual point is :math:`M_i = X^\top D_i S^\top R`.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.patterns.pattern_set import PatternSet

BITS_AT_ONCE = 1 << 22


def all_moments(
    X: Float64[np.ndarray, "N d"], patterns: PatternSet, spread: Float64[np.ndarray, "N q"]
) -> Float64[np.ndarray, "P d q"]:
    r"""Return :math:`X^\top D_i S^\top R` of every pattern.

    Parameters
    ----------
    X : (N, d) float64
        Rows.
    patterns : PatternSet
        Of these rows.
    spread : (N, q) float64
        The dual point, for every row that of its sample.
    """
    weighted = (X[:, :, None] * spread[:, None, :]).reshape(X.shape[0], -1)
    moments = np.empty((patterns.n_patterns, weighted.shape[1]))
    at_once = max(1, BITS_AT_ONCE // max(X.shape[0], 1))
    for start in range(0, patterns.n_patterns, at_once):
        checkpoint()
        rows = slice(start, start + at_once)
        moments[rows] = patterns.unpack(rows) @ weighted
    return moments.reshape(-1, X.shape[1], spread.shape[1])


def moment_rounding(X: Float64[np.ndarray, "N d"], spread: Float64[np.ndarray, "N q"]) -> float:
    """Bound the rounding of a moment in its Frobenius norm, and that of projections of it."""
    scale = sum(magnitude(X, column) for column in spread.T)
    return float(rounding_bound(X.shape[0] + 16, X.shape[1] * spread.shape[1], scale))


def largest_singular_values(moments: Float64[np.ndarray, "P d q"]) -> Float64[np.ndarray, " P"]:
    """Return that of every moment, by its smaller Gram matrix."""
    if moments.shape[1] < moments.shape[2]:
        moments = np.swapaxes(moments, 1, 2)
    grams = np.swapaxes(moments, 1, 2) @ moments
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(grams)[:, -1], 0.0)))


def free_prices(
    X: Float64[np.ndarray, "N d"], patterns: PatternSet, spread: Float64[np.ndarray, "N q"]
) -> Float64[np.ndarray, " P"]:
    """Bound the price of every free block from above, rounding included."""
    found = largest_singular_values(all_moments(X, patterns, spread))
    return np.asarray(found * (1.0 + 1e-13) + moment_rounding(X, spread))
