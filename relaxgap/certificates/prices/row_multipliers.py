"""Multipliers of a few rows of each cone: what proves prices where the rows are too many to list.

See `bound_by_multipliers`, which takes one multiplier for every row.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.fit_map import adjoint


@dataclass(frozen=True, slots=True, eq=False)
class RowMultipliers:
    """Hold multipliers of some rows for every block of a cone program; all others are zero.

    Parameters
    ----------
    rows : (2, P, k) int
        Numbers of rows of the data. One whose multiplier is zero may be any.
    values : (2, P, k) float64
        Their multipliers, for rows scaled to norm 1; negative ones count as zero.
    """

    rows: Int[np.ndarray, "2 P k"]
    values: Float64[np.ndarray, "2 P k"]

    def times(self, factor: float) -> "RowMultipliers":
        """Return them for a dual point so many times as long."""
        return RowMultipliers(self.rows, factor * self.values)


def bound_by_row_multipliers(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    multipliers: RowMultipliers,
) -> BlockPrices:
    """Bound every price by given multipliers, which need not be good for the bound to hold.

    Notes
    -----
    Cost: one product of O(n d P), and O(d k) for each block.
    """
    gradients, lengths = adjoint(X, patterns, nu), row_lengths(X)
    scale = magnitude(X, nu)
    n_terms = 2 * X.shape[0] + multipliers.rows.shape[2] + 8
    bounds = np.empty(multipliers.values.shape[:2])
    for k, sign in enumerate((1.0, -1.0)):
        for i in range(patterns.n_patterns):
            checkpoint()
            some = np.flatnonzero(multipliers.values[k, i] > 0.0)
            at = multipliers.rows[k, i, some]
            # a row of zeros constrains nothing
            given = np.where(lengths[at] > 0.0, multipliers.values[k, i, some], 0.0)
            rows = signed_unit_rows(X, patterns, lengths, i, at)
            moved = sign * gradients[i] + given @ rows
            # no multipliers at all are multipliers too, and sometimes the better ones
            size = min(float(np.linalg.norm(moved)), float(np.linalg.norm(gradients[i])))
            terms = scale + float(given.sum())
            bounds[k, i] = size + float(rounding_bound(n_terms, X.shape[1], terms))
    return BlockPrices(bounds, 0.0)


def signed_unit_rows(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    lengths: Float64[np.ndarray, " n"],
    pattern: int,
    rows: Int[np.ndarray, " k"],
) -> Float64[np.ndarray, "k d"]:
    """Return some rows of ``(2 D_i - I) X``, of length 1; a row of zeros stays one."""
    # scaled before it is divided: the squares of a row may leave double precision
    units = X[rows] / np.where(lengths[rows] > 0.0, lengths[rows], 1.0)[:, None]
    bits = (patterns.packed[pattern, rows >> 3] >> (7 - (rows & 7)).astype(np.uint8)) & 1
    return np.asarray(np.where(bits == 1, 1.0, -1.0)[:, None] * units)
