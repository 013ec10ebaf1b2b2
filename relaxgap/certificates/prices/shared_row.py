r"""Sums of rows that share an offset, without the rounding of what they share.

With :math:`x_j = c + x'_j` a weighted sum is :math:`(\sum_j a_j) c + \sum_j a_j x'_j`. Where the
weights nearly cancel, as those of a feasible dual point must, the large part is a small number
times :math:`c`: summed exactly it leaves no rounding of the size of the offset.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import rounding_bound

WORTHWHILE = 1e-2
"""Part of the entries that may be left beside what the rows share."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedRow:
    """Hold rows as their sum with one that all share; exactly, not up to rounding.

    Parameters
    ----------
    row : (d,) float64
        What is shared; 0 in columns whose differences are no doubles.
    rest : (n, d) float64
        The rows without it.
    """

    row: Float64[np.ndarray, " d"]
    rest: Float64[np.ndarray, "n d"]

    @classmethod
    def of(cls, X: Float64[np.ndarray, "n d"]) -> "SharedRow | None":
        """Return the rows without the first; None where they share too little to gain from it."""
        rest = X - X[0]
        if not _is_worthwhile(rest, X):
            return None
        # the rounding of a difference, which is a double too (Knuth's TwoSum)
        back = rest - X
        exact = np.all((X - (rest - back)) - (X[0] + back) == 0.0, axis=0)
        row, rest = np.where(exact, X[0], 0.0), np.where(exact, rest, X)
        return cls(row, rest) if _is_worthwhile(rest, X) else None

    def norm_bound(
        self, first: Float64[np.ndarray, " n"], second: Float64[np.ndarray, " n"]
    ) -> float:
        """Bound the norm of the sum of all rows with weights ``first + second``, not rounded."""
        total = math.fsum([*first.tolist(), *second.tolist()])
        moved = total * self.row + first @ self.rest + second @ self.rest
        sizes = (np.abs(first) + np.abs(second)) @ np.abs(self.rest).sum(axis=1)
        scale = float(sizes) + abs(total) * float(np.abs(self.row).sum())
        n, d = self.rest.shape
        return float(np.linalg.norm(moved) + rounding_bound(2 * n + 8, d, scale))


def _is_worthwhile(rest: Float64[np.ndarray, "n d"], X: Float64[np.ndarray, "n d"]) -> bool:
    return float(np.abs(rest).sum()) <= WORTHWHILE * float(np.abs(X).sum())
