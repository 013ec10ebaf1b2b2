"""The user's own data: NumPy arrays and tables, never a pickle."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data import array_files, parquet
from relaxgap.data.dataset import Dataset, file_digest
from relaxgap.data.numpy_archives import Shapes, open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.tables import read_classes, read_table
from relaxgap.errors import ConfigurationError, DataError

Numbers = tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]
Classes = tuple[Float64[np.ndarray, "n d"], list[Any]]


@dataclass(frozen=True, slots=True)
class FileData:
    """Read samples and labels from a file of arrays or a table.

    An archive ``.npz`` holds the array ``X`` of shape (n, d) and the labels, of shape (n,), under
    the name ``target``; other arrays are ignored. An array ``.npy`` of shape (n, d) has its labels
    beside it, in ``TARGET.npy``; in float64 and C order it is mapped into memory, not read. A table
    ``.csv``, ``.csv.gz`` or ``.parquet`` has names of columns; ``target`` is that of the labels and
    every other column is a feature, in the order of the file. Columns of text are separated by
    commas, semicolons or tabs, their numbers have decimal points. Booleans, integers and other
    floats become float64. Nothing is scaled, dropped or filled in, but rows without a single entry
    at the end of a table. What is read of an archive or of text takes at most 100 times the size of
    the file in memory, or 16 MiB.

    Parameters
    ----------
    path : str
        File to read; ``~`` stands for the home directory.
    target : str
        Name of the labels.

    Raises
    ------
    ConfigurationError
        If the path or the target is empty.
    DataError
        On `load`, if the file cannot be used; the message is one line and starts with the path.
    """

    path: str
    target: str = "y"

    def __post_init__(self) -> None:
        for name, value in (("path", self.path), ("target", self.target)):
            if not value.strip():
                raise ConfigurationError(f"Expected a non-empty {name}, got {value!r}; set {name}.")

    @property
    def label(self) -> str:
        """Short name for a CSV: the name of the file."""
        return self.path.rpartition("/")[2]

    def fingerprint(self) -> list[str]:
        """Return a digest of the file, and of that of its labels."""
        path = Path(self.path)
        beside = [array_files.labels_beside(path, self.target)] if _ending(path) == ".npy" else []
        return [file_digest(file) for file in (path, *beside)]

    def load(self, rng: np.random.Generator) -> Dataset:
        """Read the file; the generator is not used."""
        with errors_of(self.path):
            path = existing_file(self.path, DATA_ENDINGS)
            X, y = _FORMATS[_ending(path)].numbers(path, self.target)
            _refuse_constant(X, y)
            return Dataset(X, y)

    def load_classes(self) -> Classes:
        """Read the file, the labels as they are: text in a table, numbers in an array."""
        with errors_of(self.path):
            path = existing_file(self.path, DATA_ENDINGS)
            X, labels = _FORMATS[_ending(path)].classes(path, self.target)
            _refuse_constant_rows(X)
            return X, labels


def _read_archive(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    def check_lengths(shapes: Shapes) -> None:
        n, n_labels = shapes["X"][0], shapes[target][0]
        if n != n_labels:
            raise DataError(
                f"Expected one label per sample, got {n} rows of X and {n_labels} labels; "
                "make the lengths match."
            )

    with open_arrays(path) as archive:
        axes = {"X": 2, target: 1}
        members = read_members(archive, axes, check_shapes=check_lengths, target=target)
    return members["X"], members[target]


def _labels_listed(numbers: Callable[[Path, str], Numbers]) -> Callable[[Path, str], Classes]:
    def classes(path: Path, target: str) -> Classes:
        X, y = numbers(path, target)
        return X, y.tolist()

    return classes


@dataclass(frozen=True, slots=True)
class _Format:
    """Read a file of one ending, with labels as numbers, or as they are."""

    numbers: Callable[[Path, str], Numbers]
    classes: Callable[[Path, str], Classes]


_TEXT = _Format(read_table, read_classes)
_PARQUET = _Format(parquet.read_parquet, parquet.read_parquet_classes)
_FORMATS = {
    ".npz": _Format(_read_archive, _labels_listed(_read_archive)),
    ".npy": _Format(array_files.read_arrays_beside, _labels_listed(array_files.read_arrays_beside)),
    ".csv": _TEXT,
    ".csv.gz": _TEXT,
    ".parquet": _PARQUET,
}
DATA_ENDINGS = tuple(_FORMATS)


def _ending(path: Path) -> str:
    return next((ending for ending in _FORMATS if path.name.lower().endswith(ending)), "")


def _refuse_constant(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> None:
    _refuse_constant_rows(X)
    if y.size > 1 and np.array_equal(y[1:], y[:-1]):
        raise DataError(
            f"Expected labels that differ, got the constant target {y[0]:g}; check the target."
        )


def _refuse_constant_rows(X: Float64[np.ndarray, "n d"]) -> None:
    # the first two rows alone tell it of most data
    constant = X.shape[0] > 1 and np.array_equal(X[1], X[0]) and np.array_equal(X[1:], X[:-1])
    with np.errstate(invalid="ignore"):
        # what is not a number is refused in a moment, and by its place
        zero = not X.any()
    if X.size and (constant or zero):
        raise DataError(
            "Expected samples that differ, got constant data: every row of X is the same or zero; "
            "check how the file was written."
        )
