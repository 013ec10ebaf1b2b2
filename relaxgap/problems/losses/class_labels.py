r"""Losses of the margin :math:`y_i z_i`: their labels are -1 or +1, their dual points shares.

With :math:`\nu_i = y_i p_i` the dual point of a sample is a share :math:`p_i \in [0, 1]` of the
largest one, and :math:`y_i \nu_i = p_i` without rounding.
"""

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float

from relaxgap.numerics.backend import Array
from relaxgap.numerics.rounding import EPS

INSIDE = 1.0 - 4.0 * EPS
"""Factor that keeps a scaled share from rounding above 1."""


def into_shares(nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return the dual point with the nearest shares in [0, 1]."""
    return y * array_namespace(nu, y).clip(y * nu, 0.0, 1.0)


def largest_scale(shares: Float[Array, " n"], limit: float) -> float:
    """Return the largest scale up to ``limit`` that leaves shares in [0, 1]; 0 if none does."""
    least, largest = float(shares.min()), float(shares.max())
    if not (least >= 0.0 and 0.0 < largest < np.inf):
        return 0.0
    return min(limit, INSIDE / largest)


def sum_rounding(n_terms: int, value: float) -> float:
    r"""Bound the rounding of a sum of terms of one sign, each right to :math:`16 \epsilon`.

    Nothing cancels, so that the errors of the terms (a logarithm or an exponential within four
    units in the last place, and a few products) and of any order of summation are relative to the
    sum itself. What underflows in a term is smaller than the smallest normal number.
    """
    return 2.0 * EPS * (n_terms + 16) * abs(value) + n_terms * float(np.finfo(np.float64).tiny)
