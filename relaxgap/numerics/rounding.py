"""What rounding can hide: bounds that hold for any order of summation, or for fewer digits."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np
from jaxtyping import Float64

EPS = float(np.finfo(np.float64).eps)
"""Distance of 1 to the next larger number."""
TINY = float(np.finfo(np.float64).tiny)
"""Smallest positive number of full precision."""


def rounding_bound(
    n_terms: int, d: int, scale: float | Float64[np.ndarray, " C"]
) -> Float64[np.ndarray, "..."]:
    r"""Bound the rounding and underflow in the norm of a vector summed in floating point.

    For :math:`k` summands in :math:`d` entries whose magnitudes add up to :math:`s`,

    .. math:: 4 \epsilon (k + d) s + 2 \sqrt{d\,\mathrm{tiny}} .

    Parameters
    ----------
    n_terms : int
        Summands and later updates: each adds at most a few units of the size of what it adds to.
    d : int
        Length of the vector.
    scale : float or (C,) float64
        Sum of the magnitudes that entered the vector.

    Returns
    -------
    float64
        Of the shape of ``scale``.
    """
    # entries whose squares fall below the normal range may vanish from the norm
    underflow = 2.0 * float(np.sqrt(d * TINY)) * np.greater(scale, 0.0)
    return np.asarray(4.0 * EPS * (n_terms + d) * scale + underflow)


def magnitude(X: Float64[np.ndarray, "n d"], nu: Float64[np.ndarray, " n"]) -> float:
    r"""Bound :math:`\sum_j |\nu_j| \|x_j\|` without squares that could underflow."""
    return float(np.abs(nu) @ np.abs(X).sum(axis=1))


def rounded_down(value: float, digits: int) -> float:
    """Return the largest number of so many decimal digits that is not above ``value``.

    Examples
    --------
    >>> rounded_down(2.71828, 3), rounded_up(2.71828, 3)
    (2.71, 2.72)
    """
    # of the floats around a decimal the nearest is on its side of every other float
    return float(Context(prec=digits, rounding=ROUND_FLOOR).create_decimal(value))


def rounded_up(value: float, digits: int) -> float:
    """Return the least number of so many decimal digits that is not below ``value``."""
    return float(Context(prec=digits, rounding=ROUND_CEILING).create_decimal(value))
