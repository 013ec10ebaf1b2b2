"""The hyperplanes that bound one cell, found from a point of it without a list of other cells.

A row that is not negative on the cone of the others bounds nothing (Farkas). Where it is negative
somewhere, the way there from inside leaves the cell through one of its bounds (Clarkson).
"""

import numpy as np
from jaxtyping import Float64
from scipy.optimize import nnls

from relaxgap.numerics.clock import checkpoint
from relaxgap.patterns.hyperplanes import TOLERANCE

FOLLOWS = 1e-10
"""Distance of a unit row from the cone of the bounds known up to which it follows from them."""


def bounds_of_cell(
    inward: Float64[np.ndarray, "k d"], gate: Float64[np.ndarray, " d"]
) -> tuple[int, ...]:
    r"""Return which rows bound the cone :math:`\{u : r_k^\top u \ge 0\}`.

    Parameters
    ----------
    inward : (k, d) float64
        Unit rows, no two alike.
    gate : (d,) float64
        A point of the cone. Rows that it is not clearly inside of are taken for bounds.

    Notes
    -----
    One bound too few makes the cone larger, one too many changes nothing: prices over it hold in
    any case. Cost: k nonnegative least squares problems of d equations and f unknowns, and f more.
    """
    length = float(np.linalg.norm(gate))
    slack = inward @ gate / (length if length > 0.0 else 1.0)
    found = [int(k) for k in np.flatnonzero(slack <= TOLERANCE)]
    known = np.zeros(len(inward), dtype=np.bool_)
    known[found] = True
    for k in range(len(inward)):
        while not known[k]:
            checkpoint()
            outside = _outside(inward[found], inward[k])
            if outside is None:
                break
            towards = inward @ outside
            left = (towards < 0.0) & ~known
            reach = np.where(left, slack / -np.minimum(towards, -1e-300), np.inf)
            # where rounding sees no row that is met, the row itself is taken for a bound
            met = int(np.argmin(reach)) if left.any() else k
            found.append(met)
            known[met] = True
    return tuple(sorted(found))


def _outside(
    bounds: Float64[np.ndarray, "f d"], row: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, " d"] | None:
    """Return a direction inside of the bounds but not of a row; None if there is none."""
    if not len(bounds):
        return -row
    share, distance = nnls(bounds.T, row)
    return None if distance <= FOLLOWS else np.asarray(bounds.T @ share - row)
