r"""Projections onto a cone that stay on one ray of it, whatever a dual point is off by.

Let ``J`` be the rows with a multiplier, :math:`d - 1` of them and independent, so that one line is
across all of them. A vector that moves by ``m`` has multipliers :math:`\mu_J` that move by at most
:math:`\|N_J^+\| m`, and its projection onto the line moves by at most ``m``: while multipliers are
positive and the other rows hold there, that is its projection onto the cone. Its direction is
known then as well as the rows are, and not only as well as the dual point is.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import EPS

LEAST = 1e-6
"""Smallest singular value of rows that are told to be independent."""


def ray(
    X: Float64[np.ndarray, "n d"],
    sided: np.ndarray,
    mu: np.ndarray,
    v: np.ndarray,
    u: np.ndarray,
    rounding: float,
) -> tuple[float, float]:
    """Return by how much less the vector may move, and the distance of a direction to the ray.

    Parameters
    ----------
    X : (n, d) float64
        Rows of the cone as they are, none of them zero.
    sided : (n, d) long
        The same, of length 1, signed so that products with vectors of the cone are not negative.
    mu : (n,) long
        Multipliers of the projection.
    v, u : (d,) long
        The projection, and a vector of the cone near it, whose direction is meant.
    rounding : float
        Most that ``v`` is off by it.

    Returns
    -------
    room, error : float
        No room and an error of 2 where there is no such ray.
    """
    used, d = mu > 0.0, sided.shape[1]
    if np.count_nonzero(used) != d - 1 or d == 1:
        return 0.0, 2.0
    faces = sided[used]
    values = np.linalg.svd(faces.astype(np.float64), compute_uv=False)
    least = float(values[-1]) - 8.0 * EPS * d
    if least <= LEAST:
        return 0.0, 2.0
    # a row that is one of them but for its sign is zero on the whole line
    repeated = np.zeros(len(X), dtype=np.bool_)
    for row in X[used]:
        repeated |= np.all(row == X, axis=1) | np.all(-row == X, axis=1)
    slack = float((sided[~(used | repeated)] @ v).min(initial=np.inf))
    slack = min(slack, float(np.sqrt(v @ v)))
    missed = float(np.linalg.norm((faces @ v).astype(np.float64)))
    doubt = (2.0 * missed + 4.0 * rounding) / least
    room = min(float(mu[used].min()) * least, slack) * (1.0 - 1e-9) - doubt
    length = float(np.sqrt(u @ u))
    off = float(np.linalg.norm((faces @ u).astype(np.float64))) + 2.0 * rounding
    return max(room, 0.0), 1.01 * off / (least * length) + 8.0 * EPS
