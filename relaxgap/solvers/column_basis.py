r"""A basis of the columns of the data in which none is lost beside the others.

An offset that all entries share, or columns in very different units, leave most of what tells
samples apart to a small part of every number. Dual points must cancel the large part, and keep the
square of that part of their digits. In the triangular basis :math:`X P = Z R` of a pivoted QR the
columns of :math:`Z` are orthonormal and nothing cancels; the penalty :math:`\|w\|` of a block
:math:`w = P R^{-1} v` is an ellipsoidal norm of :math:`v`, which a conic solver takes as it is.

References
----------
Higham (2002), Accuracy and stability of numerical algorithms, section 19.4: the factors are as
accurate as the columns, whatever their units.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import qr, solve_triangular

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rounding import EPS

MAX_SPREAD = 1e4
"""Ratio of the sizes of columns, each without what the larger ones span, up to which they stay."""
SMALLEST = 1e-100
"""Part of the largest below which a column would need weights whose squares overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnBasis:
    """Hold data in a basis of their columns, and the way back for blocks.

    Parameters
    ----------
    X : (n, r) float64
        The data: ``X @ v`` are the preactivations of the block ``back @ v``.
    back : (d, r) float64
        From coordinates in the basis to blocks.
    """

    X: Float64[np.ndarray, "n r"]
    back: Float64[np.ndarray, "d r"]

    @property
    def largest_weight(self) -> float:
        """Norm of the longest block of a coordinate of 1."""
        return float(np.linalg.norm(self.back, axis=0).max(initial=0.0)) or 1.0

    @classmethod
    def of(cls, X: Float64[np.ndarray, "n d"], beta: float) -> "ColumnBasis | None":
        """Return the basis for data and labels of norm 1; None where the columns may stay."""
        orthonormal, triangle, order = _pivoted(X)
        rank = triangle.shape[0]
        if _spread(triangle) <= MAX_SPREAD:
            return None
        back = np.zeros((X.shape[1], rank))
        back[order[:rank]] = solve_triangular(triangle[:, :rank], np.eye(rank))
        # a column too dear to be of use needs no coordinate of size 1
        units = np.minimum(1.0, 1.0 / (beta * np.linalg.norm(back, axis=0)))
        return cls(orthonormal * units, back * units)


_SPREADS: WeakKeyDictionary[Dataset, float] = WeakKeyDictionary()


def spread_of(data: Dataset) -> float:
    """Return the `spread` of the data's columns, factored once for all programs of these data."""
    if data not in _SPREADS:
        _SPREADS[data] = spread(data.X)
    return _SPREADS[data]


def spread(X: Float64[np.ndarray, "n d"]) -> float:
    """Return how many times smaller a column is than another, without what larger ones span."""
    return _spread(_pivoted(X)[1])


def _spread(triangle: Float64[np.ndarray, "r d"]) -> float:
    sizes = np.abs(np.diag(triangle))
    return float(sizes[0] / sizes[-1]) if sizes.size else 1.0


def _pivoted(
    X: Float64[np.ndarray, "n d"],
) -> tuple[Float64[np.ndarray, "n r"], Float64[np.ndarray, "r d"], Int[np.ndarray, " d"]]:
    """Return the factors without the columns that others span but for rounding, or dwarf."""
    orthonormal, triangle, order = qr(X, mode="economic", pivoting=True)
    own = np.abs(np.diag(triangle))
    whole = np.linalg.norm(X[:, order[: own.size]], axis=0)
    beyond = (own > 8.0 * EPS * max(X.shape) * whole) & (own > SMALLEST * own.max(initial=0.0))
    rank = own.size if np.all(beyond) else int(np.argmin(beyond))
    return orthonormal[:, :rank], triangle[:rank], order
