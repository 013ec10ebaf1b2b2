"""Lower bounds of absolute products of rows, by the products with another direction."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    r"""Hold unit vectors :math:`w`, each beside a row.

    On the unit ball :math:`|w^\top u| \le 1`, so that
    :math:`|x_i^\top u| \ge x_i^\top u \, u^\top w` and, for second moments :math:`U`,
    :math:`a_i \ge x_i^\top U w`. The best is :math:`w = U x_i / \|U x_i\|`.

    Parameters
    ----------
    row : (m,) int
        :math:`i`.
    directions : (m, k) float64
        The :math:`w`.
    """

    row: Int[np.ndarray, " m"]
    directions: Float64[np.ndarray, "m k"]

    @classmethod
    def of_rows(cls, rows: Float64[np.ndarray, "n k"]) -> "Intervals":
        """Return each row beside itself."""
        return cls(np.arange(len(rows)), rows)

    @property
    def count(self) -> int:
        """Number of vectors."""
        return self.row.size

    def where(self, kept: Bool[np.ndarray, " m"]) -> "Intervals":
        """Return some of them."""
        return Intervals(self.row[kept], self.directions[kept])

    def with_more(self, other: "Intervals") -> "Intervals":
        """Return these and others."""
        return Intervals(
            np.concatenate([self.row, other.row]),
            np.concatenate([self.directions, other.directions]),
        )

    def among(self, places: Int[np.ndarray, " n"]) -> "Intervals":
        """Return them beside rows that are at other places."""
        return Intervals(places[self.row], self.directions)

    def of_kept(self, kept: Bool[np.ndarray, " n"]) -> tuple["Intervals", Bool[np.ndarray, " m"]]:
        """Return those of some rows, as ones of these, and which they are."""
        inside = kept[self.row]
        place = np.cumsum(kept) - 1
        return Intervals(place[self.row[inside]], self.directions[inside]), inside

    def products(
        self, rows: Float64[np.ndarray, "n k"], second: Float64[np.ndarray, "k k"]
    ) -> Float64[np.ndarray, " m"]:
        r"""Return the :math:`x_i^\top U w`."""
        return np.asarray(np.einsum("ij,ij->i", (rows @ second)[self.row], self.directions))

    def matrix(
        self, rows: Float64[np.ndarray, "n k"], weights: Float64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, "k k"]:
        r"""Return the symmetric part of the weighted sum of :math:`x_i w^\top`."""
        product = (rows[self.row].T * weights) @ self.directions
        return np.asarray(0.5 * (product + product.T))


def violated_intervals(
    rows: Float64[np.ndarray, "n k"],
    second: Float64[np.ndarray, "k k"],
    b: Float64[np.ndarray, " n"],
    least: float,
) -> Intervals:
    """Return the best vector of each row whose absolute moment is below what it says."""
    best = rows @ second
    sizes = np.linalg.norm(best, axis=1)
    row = np.flatnonzero(sizes - b > least)
    return Intervals(row, best[row] / sizes[row, None])
