"""The user's own data: NumPy archives and tables, never a pickle."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset, file_digest
from relaxgap.data.numpy_archives import Shapes, open_arrays, read_members
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.tables import read_classes, read_table
from relaxgap.errors import ConfigurationError, DataError

DATA_ENDINGS = (".npz", ".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class FileData:
    """Read samples and labels from an ``.npz``, ``.csv`` or ``.csv.gz`` file.

    An archive holds the array ``X`` of shape (n, d) and the labels, of shape (n,), under the name
    ``target``; other arrays are ignored. A table has a header line; ``target`` names the column of
    labels and every other column is a feature, in the order of the file. Its columns are separated
    by commas, semicolons or tabs, its numbers have decimal points. Booleans, integers and other
    floats become float64. Nothing is scaled, dropped or filled in, but rows without a single entry
    at the end of a table. What is read takes at most 100 times the size of the file in memory, or
    16 MiB.

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
        """Return a digest of the file."""
        return [file_digest(Path(self.path))]

    def load(self, rng: np.random.Generator) -> Dataset:
        """Read the file; the generator is not used."""
        with errors_of(self.path):
            path = existing_file(self.path, DATA_ENDINGS)
            read = _read_archive if path.suffix.lower() == ".npz" else read_table
            X, y = read(path, self.target)
            _refuse_constant(X, y)
            return Dataset(X, y)

    def load_classes(self) -> tuple[Float64[np.ndarray, "n d"], list[str] | list[float]]:
        """Read the file, the labels as they are: text in a table, numbers in an archive."""
        with errors_of(self.path):
            path = existing_file(self.path, DATA_ENDINGS)
            if path.suffix.lower() == ".npz":
                X, numbers = _read_archive(path, self.target)
                labels: list[str] | list[float] = numbers.tolist()
            else:
                X, labels = read_classes(path, self.target)
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


def _refuse_constant(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> None:
    _refuse_constant_rows(X)
    if y.size > 1 and np.array_equal(y[1:], y[:-1]):
        raise DataError(
            f"Expected labels that differ, got the constant target {y[0]:g}; check the target."
        )


def _refuse_constant_rows(X: Float64[np.ndarray, "n d"]) -> None:
    if X.size and (not X.any() or (X.shape[0] > 1 and np.array_equal(X[1:], X[:-1]))):
        raise DataError(
            "Expected samples that differ, got constant data: every row of X is the same or zero; "
            "check how the file was written."
        )
