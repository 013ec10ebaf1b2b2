"""Combinations of rows, whose absolute products bound one another."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    r"""Hold combinations of rows, :math:`z = x_i - \sum_j c_j x_j`.

    For every direction :math:`|x_i^\top u| - \sum_j |c_j| |x_j^\top u| \le |z^\top u|`.

    Parameters
    ----------
    row : (c,) int
        :math:`i`.
    coefficients : (c, n) float64
        The :math:`c_j`, 0 for the row itself.
    """

    row: Int[np.ndarray, " c"]
    coefficients: Float64[np.ndarray, "c n"]

    @classmethod
    def none(cls, n: int) -> "Combinations":
        """Return no combination of ``n`` rows."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros((0, n)))

    @property
    def count(self) -> int:
        """Number of combinations."""
        return self.row.size

    def where(self, kept: Bool[np.ndarray, " c"]) -> "Combinations":
        """Return some of the combinations."""
        return Combinations(self.row[kept], self.coefficients[kept])

    def with_more(self, other: "Combinations") -> "Combinations":
        """Return these and others."""
        return Combinations(
            np.concatenate([self.row, other.row]),
            np.concatenate([self.coefficients, other.coefficients]),
        )

    def among(self, places: Int[np.ndarray, " n"], n: int) -> "Combinations":
        """Return the combinations as ones of ``n`` rows, of which theirs are at ``places``."""
        coefficients = np.zeros((self.count, n))
        coefficients[:, places] = self.coefficients
        return Combinations(places[self.row], coefficients)

    def of_rows(self, kept: Int[np.ndarray, " m"]) -> tuple["Combinations", Bool[np.ndarray, " c"]]:
        """Return those of some rows only, as combinations of these, and which they are."""
        inside = np.zeros(self.coefficients.shape[1], dtype=bool)
        inside[kept] = True
        whole = inside[self.row] & ~np.any(self.coefficients[:, ~inside] != 0.0, axis=1)
        place = np.cumsum(inside) - 1
        return Combinations(place[self.row[whole]], self.coefficients[whole][:, kept]), whole

    def vectors(self, rows: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, "c k"]:
        """Return the :math:`z` of given rows."""
        return np.asarray(rows[self.row] - self.coefficients @ rows)

    def differences(self) -> Float64[np.ndarray, "c n"]:
        r"""Return the matrix that takes :math:`a` to :math:`a_i - \sum_j |c_j| a_j`."""
        matrix: Float64[np.ndarray, "c n"] = -np.abs(self.coefficients)
        matrix[np.arange(self.row.size), self.row] = 1.0
        return matrix
