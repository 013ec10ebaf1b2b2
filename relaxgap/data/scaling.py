"""Columns brought to one size: what was subtracted and divided by, to do it again to other rows."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Hold what every column is moved and divided by.

    Parameters
    ----------
    shift : (d,) float64
        Subtracted from the columns: their means.
    scale : (d,) float64
        What they are then divided by, positive: their standard deviations, and 1 for a column that
        is constant.
    """

    shift: Float64[np.ndarray, " d"]
    scale: Float64[np.ndarray, " d"]

    @classmethod
    def of(cls, X: Float64[np.ndarray, "n d"]) -> "Scaling":
        """Return the scaling after which each column has mean 0 and variance 1."""
        shift = X.mean(axis=0)
        scale = np.sqrt(np.mean((X - shift) ** 2, axis=0))
        # of a constant column the mean, and so what is left of it, may be off by its rounding
        constant = scale <= 1e-14 * np.abs(shift)
        return cls(shift, np.where(constant, 1.0, scale))

    def apply(self, X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
        """Return rows in these units."""
        return np.asarray((X - self.shift) / self.scale)

    def scaled(self, data: Dataset) -> Dataset:
        """Return the data with their rows in these units."""
        return Dataset(self.apply(data.X), data.y)
