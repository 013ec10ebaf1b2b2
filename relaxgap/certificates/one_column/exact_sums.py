"""Numbers on a grid so coarse that their cumulative sums are exact in float64."""

import math

import numpy as np
from jaxtyping import Float64

DIGITS = 53
"""Of a float64."""


def on_grid(values: Float64[np.ndarray, " k"], largest: float) -> Float64[np.ndarray, " k"]:
    """Round values to multiples of a power of two whose sums up to a size are exact.

    Parameters
    ----------
    values : (k,) float64
        At most ``largest`` each.
    largest : float
        Of all sums that are wanted, before rounding, with room for it: a quarter more.
    """
    grid = _grid(largest)
    return np.rint(values / grid) * grid if grid > 0.0 else np.zeros_like(values)


def without_sum(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Round values that nearly add up to 0, so that all cumulative sums are exact, the last one 0.

    What is missing is taken from the largest entry of the sign of the sum, which gets smaller.
    """
    sums = np.abs(np.cumsum(values)).max(initial=0.0)
    grid = _grid(4.0 * max(float(sums), float(np.abs(values).max(initial=0.0))))
    if grid == 0.0:
        return np.zeros_like(values)
    counts = np.rint(values / grid)
    surplus = float(np.cumsum(counts)[-1])
    counts[int(np.argmax(np.sign(surplus) * counts))] -= surplus
    return counts * grid


def _grid(largest: float) -> float:
    exponent = math.frexp(largest)[1] - DIGITS
    # below that nothing is left of values in units of the data
    return math.ldexp(1.0, exponent) if largest > 0.0 and exponent > -1000 else 0.0
