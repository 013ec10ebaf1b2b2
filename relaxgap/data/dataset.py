"""The validated pair of data matrix and labels that everything else trusts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import DataError


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
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
        If the shapes do not match, the data is empty, an entry is not a finite float64, or the
        largest entry of a non-zero ``X`` or ``y`` is outside 1e-60 to 1e60.
    """

    X: Float64[np.ndarray, "n d"]
    y: Float64[np.ndarray, " n"]

    def __post_init__(self) -> None:
        check_array("X", self.X, 2)
        check_array("y", self.y, 1)
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

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.X.shape[1])


def check_array(name: str, array: np.ndarray, ndim: int) -> None:
    """Check an array of numbers that everything else trusts.

    Raises
    ------
    DataError
        If it has another number of axes, is not of finite float64, or its largest entry is nonzero
        and outside 1e-60 to 1e60.
    """
    if array.ndim != ndim:
        raise DataError(
            f"Expected {name} with {ndim} axes, got shape {array.shape}; reshape {name}."
        )
    if array.dtype != np.float64:
        raise DataError(f"Expected {name} in float64, got {array.dtype}; convert {name} first.")
    if array.size == 0:
        return
    # no array of the size of the data: it may be in a file, and larger than the memory
    with np.errstate(invalid="ignore"):
        least, most = float(array.min()), float(array.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        places = np.argwhere(~np.isfinite(array))
        raise DataError(
            f"Expected finite numbers, got {len(places)} NaN or infinite entries in {name}, the "
            f"first {name}{places[0].tolist()}; remove or impute them."
        )
    largest = max(-least, most)
    if largest != 0.0 and not 1e-60 <= largest <= 1e60:
        raise DataError(
            f"Expected {name} in units where its largest entry is between 1e-60 and 1e60, got "
            f"{largest:.3g}, whose square leaves double precision; rescale it."
        )


@runtime_checkable
class DataSource(Protocol):
    """Settings that make a data set; the randomness comes only from the generator."""

    def load(self, rng: np.random.Generator) -> Dataset:
        """Return the data set; the same settings and generator state give the same one."""
        ...

    @property
    def label(self) -> str:
        """Short name for a CSV."""
        ...

    def fingerprint(self) -> list[str]:
        """Return a digest of each file behind the settings: an edited file is another data set."""
        ...


def file_digest(path: Path, n_bytes: int = -1) -> str:
    """Return the SHA-256 of the first bytes of a file, nothing if it cannot be read."""
    try:
        with path.expanduser().open("rb") as stream:
            if n_bytes < 0:
                # in pieces, of files of any size
                return hashlib.file_digest(stream, "sha256").hexdigest()
            return hashlib.sha256(stream.read(n_bytes)).hexdigest()
    except (OSError, RuntimeError):
        return ""
