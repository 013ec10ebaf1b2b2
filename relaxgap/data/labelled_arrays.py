"""Arrays of features as tables: columns without names are ``x0``, ``x1`` and so on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.array_files import ENDING, labels_beside, read_array, read_arrays_beside
from relaxgap.data.cells import Cells, Wanted, coded, refuse_missing, written
from relaxgap.data.numpy_archives import Shapes, open_arrays, read_members
from relaxgap.errors import DataError

Numbers = tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]
Features = tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"] | None]


def read_archive(path: Path, target: str) -> Numbers:
    """Read the array ``X`` of an archive ``.npz``, and the labels beside it.

    Raises
    ------
    DataError
        If they cannot be used; `relaxgap.data.paths.errors_of` adds the path to the message.
    """

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


def read_unlabelled(path: Path, target: str) -> Features:
    """Read features of an archive ``.npz`` or an array ``.npy``, and labels if they are there.

    Raises
    ------
    DataError
        As `read_archive`.
    """
    if path.name.lower().endswith(ENDING):
        if labels_beside(path, target).is_file():
            return read_arrays_beside(path, target)
        return read_array(path), None
    with open_arrays(path) as archive:
        if target not in archive.names:
            return read_members(archive, {"X": 2})["X"], None
    return read_archive(path, target)


def array_names(n_columns: int) -> tuple[str, ...]:
    """Return what the columns of an array are called."""
    return tuple(f"x{place}" for place in range(n_columns))


def array_cells(X: Float64[np.ndarray, "n d"], names: Sequence[str], wanted: Wanted) -> Cells:
    """Return what is wanted of an array whose columns have these names.

    Raises
    ------
    DataError
        If a category is not a number.
    """
    places = {name: place for place, name in enumerate(names)}
    if wanted.numbers == tuple(names):
        return Cells(tuple(names), X, wanted)
    categories = {
        name: coded(map(written, X[:, places[name]].tolist())) for name in wanted.categories
    }
    refuse_missing(categories)
    numbers = np.take(X, [places[name] for name in wanted.numbers], axis=1)
    return Cells(tuple(names), np.asarray(numbers), wanted, categories)
