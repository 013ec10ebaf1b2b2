"""Prices of all ramps at once, from two cumulative sums."""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.problems.one_column import OneColumnProgram


def kink_prices(
    program: OneColumnProgram, nu: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " U"], float]:
    r"""Return :math:`G(x_j) = \sum_i \nu_i (x_i - x_j)_+` of every site, and its rounding.

    Parameters
    ----------
    program : OneColumnProgram
        Sorted.
    nu : (n,) float64
        Sorted too, with exact cumulative sums, the last of them 0 (`without_sum`).

    Returns
    -------
    prices : (U,) float64
        The last one 0.
    rounding : float
        Bounds that of each.
    """
    # what lies right of a gap is minus what lies left of it
    right = -np.cumsum(nu)[program.starts[1:] - 1]
    steps = program.gaps * right
    prices = np.append(np.cumsum(steps[::-1])[::-1], 0.0)
    # gaps and steps are rounded once each, a cumulative sum in every addition; gaps may underflow
    rounding = EPS * float(np.abs(prices).sum() + 2.0 * np.abs(steps).sum())
    rounding += TINY * float(np.abs(right).sum() + nu.size)
    return prices, rounding * (1.0 + 4.0 * EPS * nu.size)


def largest_price(program: OneColumnProgram, nu: Float64[np.ndarray, " n"]) -> float:
    """Bound the price of every ramp of the program's depth, for ``nu`` as for `kink_prices`."""
    prices, rounding = kink_prices(program, nu)
    if program.depth == 2:
        # relative to the last site, where it is 0, and to the first
        size = max(float(np.abs(prices).max()), float(np.abs(prices - prices[0]).max()))
    else:
        size = float(prices.max() - prices.min())
    return (size + 2.0 * rounding) * (1.0 + 4.0 * EPS)
