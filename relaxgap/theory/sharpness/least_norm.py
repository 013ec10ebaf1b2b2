r"""The shortest vector above a floor: Lemma 2, and Proposition 6 with its best constant.

.. math:: R = \min \{\|u\| : A u \ge f\}, \qquad f \ge 0 .

- Lemma 2: A Gaussian with k rows, :math:`f = |A z|`; R tends to the R(rho) of
  `relaxgap.theory.gordon`.
- Proposition 6: if :math:`\|u\| \le 1` and :math:`(2D - I) X u \ge \epsilon |X z|`, then
  :math:`C(K, z) \le 1 + 1/\epsilon`. The best :math:`\epsilon` is 1/R with
  :math:`A = (2D - I) X` and :math:`f = |X z|`; with :math:`f_i = \|x_i\|` it
  serves every direction.

Any feasible vector bounds R from above, any :math:`\lambda \ge 0` from below by
:math:`f^\top \lambda / \|A^\top \lambda\|`.

References
----------
Kim & Pilanci (2024), Lemma 2 and Proposition 6; Lawson & Hanson (1974), chapter 23.4.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths, unit_rows
from relaxgap.theory.sharpness.cone import cone_rows


@dataclass(frozen=True, slots=True)
class LeastNorm:
    """Hold certified ends of the least norm: ``lower <= R <= upper``, infinite if none is found."""

    lower: float
    upper: float


def least_norm_above(A: Float64[np.ndarray, "k d"], floor: Float64[np.ndarray, " k"]) -> LeastNorm:
    r"""Bracket the least :math:`\|u\|` with :math:`A u \ge f`.

    Parameters
    ----------
    A : (k, d) float64
        Any matrix; rows of very different length are no matter.
    floor : (k,) float64
        Not negative.

    Returns
    -------
    LeastNorm
        ``upper`` is infinite, and ``lower`` as large as the multipliers allow, where no vector is
        above the floor.

    Examples
    --------
    >>> import numpy as np
    >>> found = least_norm_above(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, 8.0]))
    >>> round(found.lower, 9), round(found.upper, 9)
    (5.0, 5.0)
    """
    lengths = row_lengths(A)
    if np.any((lengths == 0.0) & (floor > 0.0)):
        return LeastNorm(math.inf, math.inf)
    kept = lengths > 0.0
    rows, heights = A[kept] / lengths[kept, None], floor[kept] / lengths[kept]
    highest = float(heights.max(initial=0.0))
    if highest == 0.0:
        return LeastNorm(0.0, 0.0)
    found = _unit(rows, heights / highest)
    return LeastNorm(highest * found.lower, highest * found.upper)


def _unit(rows: Float64[np.ndarray, "k d"], heights: Float64[np.ndarray, " k"]) -> LeastNorm:
    """Bracket the least norm for unit rows and heights of at most 1."""
    k, d = rows.shape
    target = np.zeros(d + 1)
    target[-1] = 1.0
    multipliers = nonnegative_least_squares(np.vstack([rows.T, heights]), target)
    pull = multipliers @ rows
    left = 1.0 - float(heights @ multipliers)
    u = pull / left if left > 0.0 else np.zeros(d)
    doubt = 8.0 * EPS * (d + 2)
    reached = rows @ u - doubt * float(np.linalg.norm(u))
    positive = heights > 0.0
    stretch = float(np.max(heights[positive] / np.maximum(reached[positive], EPS)))
    feasible = np.all(reached[positive] > 0.0) and np.all(reached[~positive] >= 0.0)
    upper = max(stretch, 1.0) * float(np.linalg.norm(u)) * (1.0 + doubt) if feasible else math.inf
    total = float(multipliers.sum())
    rounding = 8.0 * EPS * (k + d) * total
    gained = float(heights @ multipliers) - rounding
    lower = gained / (float(np.linalg.norm(pull)) + rounding) if gained > 0.0 else 0.0
    return LeastNorm(min(lower, upper), upper)


def proposition_6(
    X: Float64[np.ndarray, "n d"], gate: Float64[np.ndarray, " d"], z: Float64[np.ndarray, " d"]
) -> float:
    r"""Return Proposition 6's bound of :math:`C(K, z)` with the best epsilon, :math:`1 + R`.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix.
    gate : (d,) float64
        A gate inside the cone.
    z : (d,) float64
        A nonzero direction.
    """
    rows, (unit,) = cone_rows(X, gate), unit_rows(z[None])
    return 1.0 + least_norm_above(rows, np.abs(rows @ unit)).upper


def margin_bound(X: Float64[np.ndarray, "n d"], gate: Float64[np.ndarray, " d"]) -> float:
    r"""Return Proposition 6's bound for *all* directions, from :math:`f_i = \|x_i\|`.

    One way to bound the sharpness, and a weak one: on Gaussian data it grows with n, while
    `relaxgap.theory.sharpness.all_directions` does not.
    """
    rows = cone_rows(X, gate)
    return 1.0 + least_norm_above(rows, np.ones(rows.shape[0])).upper
