"""The validated pair of data matrix and labels that everything else trusts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Hold a finite data matrix and its labels, checked once, here.

    Parameters
    ----------
    X : (n, d) float64
        One sample per row, ``n >= 1`` and ``d >= 1``.
    y : (n,) float64
        Labels, in any unit.

    Raises
    ------
    DataError
        If the shapes do not match, the data is empty or an entry is not finite.
    """

    X: Float64[np.ndarray, "n d"]
    y: Float64[np.ndarray, " n"]

    def __post_init__(self) -> None:
        if self.X.shape[0] == 0 or self.X.shape[1] == 0:
            raise DataError(
                f"Expected at least one sample and one feature, got X of shape {self.X.shape}; "
                "supply a non-empty data set."
            )
        if self.X.shape[0] != self.y.shape[0]:
            raise DataError(
                f"Expected one label per sample, got {self.X.shape[0]} rows of X and "
                f"{self.y.shape[0]} labels; make the lengths match."
            )
        for name, array in (("X", self.X), ("y", self.y)):
            bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
            if bad:
                raise DataError(
                    f"Expected finite numbers, got {bad} NaN or infinite entries in {name}; "
                    "remove or impute them."
                )

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])
