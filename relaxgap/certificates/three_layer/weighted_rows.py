"""The rows of a price: those that matter, what they gain, and chords above what is undecided."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.three_layer.pieces import SignClass
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.numerics.rows import alike_rows
from relaxgap.problems.three_layer import FROBENIUS

SMALLEST_REACH = 1e-150
"""More than the norm of a row whose squares vanish."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedRows:
    """Hold rows of nonzero weight, those that matter most first, and a class of sub-networks.

    Rows that are alike are one, and so are those of one column and one sign.

    Parameters
    ----------
    X : (k, d) float64
        Rows.
    c : (k,) float64
        Their weights: a dual point, or its negative.
    signs : SignClass
        Of the sub-network.
    normalisation : str
        Of the first layer.
    chords : (k + 1, m, d) float64
        Slopes of linear functions above all pieces of all rows from the first, second, ... on.
    above : (k + 1,) float64
        The constants beside them.
    n_terms : int
        Number of rows that were added up.
    scale : float
        Sum of what each of them adds at most.
    """

    X: Float64[np.ndarray, "k d"]
    c: Float64[np.ndarray, " k"]
    signs: SignClass
    normalisation: str
    chords: Float64[np.ndarray, "l m d"]
    above: Float64[np.ndarray, " l"]
    n_terms: int
    scale: float

    @classmethod
    def of(
        cls,
        X: Float64[np.ndarray, "n d"],
        c: Float64[np.ndarray, " n"],
        signs: SignClass,
        normalisation: str,
    ) -> "WeightedRows":
        """Add up and sort the rows, and leave out those that gain nothing."""
        n_terms, scale = len(c), float(magnitude(X, c))
        first, place, times = alike_rows(X)
        if len(first) < len(X):
            X, c = X[first], np.bincount(place, weights=times * c, minlength=len(first))
        sizes = np.abs(c) * np.abs(X).sum(axis=1)
        order = np.argsort(-sizes, kind="stable")
        order = order[sizes[order] > 0.0]
        X, c = X[order], c[order]
        # of a positive row f <= sum_+ (a_j)_+ <= (sum_+ a_j + sum_+ |a_j|) / 2, of others 0
        half = 0.5 * np.maximum(c, 0.0)
        most = 1.0 if normalisation == FROBENIUS else float(np.sqrt(signs.n_plus))
        reach = most * (np.linalg.norm(X, axis=1) * (1.0 + 1e-12) + SMALLEST_REACH)
        slopes = (half[:, None] * X)[:, None, :] * np.maximum(signs.signs, 0.0)[:, None]
        chords, above = (
            np.concatenate([np.cumsum(part[::-1], axis=0)[::-1], 0.0 * part[:1]])
            if len(part)
            else np.zeros((1, *part.shape[1:]))
            for part in (slopes, half * reach)
        )
        return cls(X, c, signs, normalisation, chords, above, n_terms, scale)

    def pieces(self, row: int) -> Float64[np.ndarray, "o v m"]:
        """Return the pieces of a row, by its sign."""
        return self.signs.positive if self.c[row] > 0.0 else self.signs.negative

    @property
    def n_vertices(self) -> int:
        """Number of vertices of a piece, at most."""
        return int(max(self.signs.positive.shape[1], self.signs.negative.shape[1]))

    @property
    def rounding(self) -> float:
        """Bound of the rounding in the norm of a slope."""
        n_terms = 2 * len(self.c) * (self.n_vertices + 2) + self.signs.m + self.n_terms + 16
        scale = np.sqrt(self.signs.m) * self.scale
        return float(rounding_bound(n_terms, self.signs.m * self.X.shape[1], float(scale)))

    def gains(self, z: Float64[np.ndarray, "N m d"]) -> Float64[np.ndarray, " N"]:
        """Return the gain of sub-networks."""
        active = np.maximum(z @ self.X.T, 0.0)
        inner = np.einsum("nmk,m->nk", active, self.signs.signs)
        return np.asarray(np.maximum(inner, 0.0) @ self.c)
