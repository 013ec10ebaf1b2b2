"""The user's own data: NumPy arrays and tables, never a pickle."""

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data import array_files, parquet, tables
from relaxgap.data.cells import Cells, Wanted
from relaxgap.data.column_choice import ColumnChoice
from relaxgap.data.columns import Columns, refuse_infinite
from relaxgap.data.dataset import Dataset, file_digest
from relaxgap.data.labelled_arrays import Numbers, array_cells, array_names, read_archive
from relaxgap.data.naming import no_target
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.tables import read_text_table
from relaxgap.errors import ConfigurationError, DataError

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
    floats become float64. The columns of an array are called ``x0``, ``x1`` and so on. Nothing is
    scaled or filled in, and nothing dropped but what ``drop`` names, and rows without a single
    entry at the end of a table. What is read of an archive or of text takes at most 100 times the
    size of the file in memory, or 16 MiB; the features of categories come on top.

    Parameters
    ----------
    path : str
        File to read; ``~`` stands for the home directory.
    target : str
        Name of the labels.
    drop : tuple of str
        Columns to leave out.
    one_hot : tuple of str
        Columns of categories, cells taken as they are written: each category becomes a feature of
        zeros and ones, numbers by size and other text by the alphabet, at most 1000 of them.

    Raises
    ------
    ConfigurationError
        If the path or the target is empty, or a column is named twice.
    DataError
        On `load`, if the file cannot be used; the message is one line and starts with the path.
    """

    path: str
    target: str = "y"
    drop: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("path", self.path), ("target", self.target)):
            if not value.strip():
                raise ConfigurationError(f"Expected a non-empty {name}, got {value!r}; set {name}.")
        self._choice()  # whose names are checked where it is made

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
        return self._loaded()[0]

    def load_classes(self) -> Classes:
        """Read the file, the labels as they are: text in a table, numbers in an array."""
        X, labels, _ = self.load_with_columns(classes=True)
        return X, labels

    def load_with_columns(self, classes: bool = False) -> "Fitted":
        """Read the file as `load` does, or as `load_classes`, and say how columns became features.

        Parameters
        ----------
        classes : bool
            Leave the labels as they are.

        Returns
        -------
        X : (n, d) float64
            Features.
        labels : (n,) float64, or list
            Numbers, or as they are.
        columns : Columns
            By which `relaxgap.data.prediction.read_features` reads other files the same way.
        """
        if not classes:
            data, columns = self._loaded()
            return data.X, data.y, columns
        with errors_of(self.path):
            X, labels, columns = self._read(classes)
            _refuse_constant_rows(X)
            return X, labels, columns

    def _loaded(self) -> tuple[Dataset, Columns]:
        with errors_of(self.path):
            X, y, columns = self._read(classes=False)
            _refuse_constant(X, y)
            return Dataset(X, y), columns

    def _read(self, classes: bool) -> "Fitted":
        path = existing_file(self.path, DATA_ENDINGS)
        return _FORMATS[_ending(path)](path, self._choice(), classes)

    def _choice(self) -> ColumnChoice:
        return ColumnChoice(self.target, self.drop, self.one_hot)


Fitted = tuple[Float64[np.ndarray, "n d"], Any, Columns]
"""Features, labels as numbers or as they are, and how columns became features."""


def _of_arrays(
    read: Callable[[Path, str], Numbers], path: Path, choice: ColumnChoice, as_text: bool
) -> Fitted:
    X, y = read(path, choice.target)
    names = array_names(X.shape[1])
    if choice.is_all:
        # as they are: they may be mapped into memory
        columns = Columns(names, {}, choice.target)
    else:
        X, _, columns = choice.learned(array_cells(X, names, choice.wanted(names, None)), None)
    return X, y.tolist() if as_text else y, columns


def _of_table(
    read: Callable[[Path, Collection[str], Callable[[Sequence[str]], Wanted]], Cells],
    expected: str,
    path: Path,
    choice: ColumnChoice,
    as_text: bool,
) -> Fitted:
    target = choice.target.strip()

    def choose(names: Sequence[str]) -> Wanted:
        if target not in names:
            raise DataError(no_target(expected, target, names))
        return choice.wanted(names, target, as_text)

    X, labels, columns = choice.learned(read(path, choice.known, choose), target)
    refuse_infinite(X, columns)
    return X, labels, columns


_TEXT = functools.partial(_of_table, read_text_table, tables.LABELS)
_FORMATS: dict[str, Callable[[Path, ColumnChoice, bool], Fitted]] = {
    ".npz": functools.partial(_of_arrays, read_archive),
    ".npy": functools.partial(_of_arrays, array_files.read_arrays_beside),
    ".csv": _TEXT,
    ".csv.gz": _TEXT,
    ".parquet": functools.partial(_of_table, parquet.read_parquet, parquet.LABELS),
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
