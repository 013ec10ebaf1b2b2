"""Samples with several labels each, perhaps made of patches: what vector outputs are fitted to."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import check_array
from relaxgap.errors import DataError


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class VectorDataset:
    """Hold a finite data matrix and the labels of every sample, checked once, here.

    Parameters
    ----------
    X : (n T, d) float64
        ``T`` rows a sample, one after another: the patches over which a convolution averages; one
        row a sample without patches.
    Y : (n, q) float64
        Labels, one row a sample.

    Raises
    ------
    DataError
        If the shapes do not match, or an array is not one of `relaxgap.data.dataset.Dataset`'s.
    """

    X: Float64[np.ndarray, "N d"]
    Y: Float64[np.ndarray, "n q"]

    def __post_init__(self) -> None:
        check_array("X", self.X, 2)
        check_array("Y", self.Y, 2)
        if 0 in self.X.shape or 0 in self.Y.shape:
            raise DataError(
                f"Expected samples with features and labels, got X of shape {self.X.shape} and Y "
                f"of shape {self.Y.shape}; supply a non-empty data set."
            )
        if self.X.shape[0] % self.Y.shape[0]:
            raise DataError(
                f"Expected equally many rows of X for each sample, got {self.X.shape[0]} rows and "
                f"{self.Y.shape[0]} rows of labels; make the lengths match."
            )

    @property
    def samples(self) -> Float64[np.ndarray, "n ..."]:
        """Rows (n, d), or patches (n, T, d), sample by sample."""
        if self.n_patches == 1:
            return self.X
        return self.X.reshape(self.n, self.n_patches, self.d)

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.Y.shape[0])

    @property
    def d(self) -> int:
        """Number of features of a row."""
        return int(self.X.shape[1])

    @property
    def q(self) -> int:
        """Number of outputs."""
        return int(self.Y.shape[1])

    @property
    def n_patches(self) -> int:
        """Number of rows a sample, ``T``."""
        return int(self.X.shape[0] // self.Y.shape[0])
