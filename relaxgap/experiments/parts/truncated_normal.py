"""Mean, variance and mass of a standard normal variable that is known to lie in an interval."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import log_ndtr

NARROW = 3e-3
"""Width below which differences of distribution functions cancel, and a series does not."""
LOG_ROOT = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Truncated:
    """Hold the moments within each interval, and the mean density in it.

    Parameters
    ----------
    mean, variance : array
        Of the variable, given that it lies in the interval; of a point, the point and zero.
    log_density : array
        Logarithm of the interval's probability over its width; of a point, of the density.
    """

    mean: Float64[np.ndarray, "b m"]
    variance: Float64[np.ndarray, "b m"]
    log_density: Float64[np.ndarray, "b m"]


def truncated_normal(
    low: Float64[np.ndarray, "b m"], high: Float64[np.ndarray, "b m"]
) -> Truncated:
    """Return the moments of a standard normal variable between ``low`` and ``high``, both finite.

    Examples
    --------
    >>> import numpy as np
    >>> found = truncated_normal(np.array([[-1.0, 0.5]]), np.array([[1.0, 0.5]]))
    >>> found.mean.round(12), found.variance.round(3)
    (array([[0. , 0.5]]), array([[0.291, 0.   ]]))
    """
    middle, width = 0.5 * (low + high), high - low
    point = width < NARROW
    # the lower tail, where logarithms of the distribution function are exact
    mirrored = middle > 0.0
    left, right = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    right = np.where(point, left + 1.0, right)
    log_right = log_ndtr(right)
    log_mass = log_right + np.log1p(-np.exp(log_ndtr(left) - log_right))
    at_left, at_right = (np.exp(-0.5 * x * x - LOG_ROOT - log_mass) for x in (left, right))
    mean = at_left - at_right
    variance = np.maximum(1.0 + left * at_left - right * at_right - mean * mean, 0.0)
    square = width * width / 12.0
    return Truncated(
        np.where(point, middle * (1.0 - square), np.where(mirrored, -mean, mean)),
        np.where(point, square, variance),
        np.where(
            point,
            -0.5 * middle * middle - LOG_ROOT + 0.5 * (middle * middle - 1.0) * square,
            log_mass - np.log(np.where(point, 1.0, width)),
        ),
    )
