r"""The best output weights of given neurons: a group lasso whose groups are rows.

.. math:: \min_V \tfrac12 \|\Phi V - Y\|_F^2 + \beta \sum_j a_j \|v_j\|
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.clock import checkpoint

STEPS = 2000


def row_lasso(
    features: Float64[np.ndarray, "n m"],
    Y: Float64[np.ndarray, "n q"],
    prices: Float64[np.ndarray, " m"],
    start: Float64[np.ndarray, "m q"],
    rtol: float,
) -> Float64[np.ndarray, "m q"]:
    """Minimise by accelerated proximal steps that start over where they overshoot.

    Parameters
    ----------
    features : (n, m) float64
        Outputs of the neurons.
    Y : (n, q) float64
        Labels.
    prices : (m,) float64
        What a unit of each row costs.
    start : (m, q) float64
        Where to begin.
    rtol : float
        Relative duality gap to reach.

    Returns
    -------
    (m, q) float64
        Rows that cost more than they gain are exactly zero.

    Notes
    -----
    Cost: O(m^2 q) a step, after one Gram matrix.
    """
    gram, moments, square = features.T @ features, features.T @ Y, float(np.sum(Y**2))
    step = 1.0 / max(float(np.linalg.eigvalsh(gram)[-1]), 1e-300) if gram.size else 0.0
    V = point = start
    momentum = 1.0
    for k in range(STEPS):
        if k % 10 == 0:
            checkpoint()
            if _gap(gram, moments, square, prices, V) <= rtol:
                break
        moved = shrunk(point - step * (gram @ point - moments), step * prices)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if float(np.sum((point - moved) * (moved - V))) > 0.0:
            following, point = 1.0, moved
        else:
            point = moved + (momentum - 1.0) / following * (moved - V)
        V, momentum = moved, following
    return V


def shrunk(
    V: Float64[np.ndarray, "m q"], by: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, "m q"]:
    """Shorten every row by a length, down to zero."""
    lengths = np.linalg.norm(V, axis=1)
    kept = np.divide(lengths - by, lengths, out=np.zeros_like(lengths), where=lengths > by)
    return np.asarray(kept[:, None] * V)


def _gap(
    gram: Float64[np.ndarray, "m m"],
    moments: Float64[np.ndarray, "m q"],
    square: float,
    prices: Float64[np.ndarray, " m"],
    V: Float64[np.ndarray, "m q"],
) -> float:
    """Return the relative duality gap of the lasso at some rows."""
    through = gram @ V
    of_fit, along = float(np.sum(V * through)), float(np.sum(V * moments))
    rest = max(square - 2.0 * along + of_fit, 0.0)
    value = 0.5 * rest + float(prices @ np.linalg.norm(V, axis=1))
    costs = np.linalg.norm(moments - through, axis=1)
    worst = float(np.max(costs / np.where(prices > 0.0, prices, np.inf), initial=1.0))
    gain = (square - along) / worst - 0.5 * rest / worst**2
    return (value - gain) / value if value > 0.0 else 0.0
