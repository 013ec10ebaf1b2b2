"""Several labels a sample: columns of a table, an array of them, or the classes of one column."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.cells import coded, in_order
from relaxgap.data.columns import Columns
from relaxgap.data.files import FileData
from relaxgap.data.labelled_arrays import array_names
from relaxgap.data.naming import listed, no_target
from relaxgap.data.numpy_archives import open_arrays
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class SeveralLabels:
    """Hold samples with several labels.

    Parameters
    ----------
    X : (n, d) or (n, T, d) float64
        Samples, or their patches.
    Y : (n, q) float64
        Labels.
    names : tuple of str
        What each output is called.
    columns : Columns or None
        How the columns of the file became features; None of patches.
    """

    X: Float64[np.ndarray, "n ..."]
    Y: Float64[np.ndarray, "n q"]
    names: tuple[str, ...]
    columns: Columns | None


def load_several(source: FileData, one_hot: bool) -> SeveralLabels:
    """Read samples with several labels.

    Parameters
    ----------
    source : FileData
        File, whose ``target`` names the array of labels of an archive, or the columns of a table,
        separated by commas.
    one_hot : bool
        Make an output of each class of the one target.

    Raises
    ------
    DataError
        If the file cannot be used, or a target is not in it.
    """
    if Path(source.path).suffix.lower() == ".npz" and not one_hot:
        return _of_archive(source)
    first, *others = [name.strip() for name in source.target.split(",")]
    if one_hot:
        if others:
            raise DataError(
                f"Expected one target of classes, got {source.target!r}; name one column."
            )
        X, labels, columns = source.load_with_columns(classes=True)
        with errors_of(source.path):
            Y, classes = _one_hot([str(label) for label in labels])
            return SeveralLabels(X, Y, tuple(classes), columns)
    with errors_of(source.path):
        if len({first, *others}) <= len(others):
            raise DataError(
                f"Expected different targets, got {source.target!r}; name each column once."
            )
    X, y, columns = replace(source, target=first).load_with_columns()
    names = list(columns.feature_names)
    with errors_of(source.path):
        for name in others:
            if name not in names:
                raise DataError(no_target("a column", name, names))
        places = [names.index(name) for name in others]
        kept = [place for place in range(len(names)) if place not in places]
        if not kept:
            raise DataError(
                f"Expected targets that leave features, got {source.target!r}; name fewer."
            )
    columns = replace(
        columns,
        names=tuple(name for name in columns.names if name not in others),
        target=source.target,
        # which a file to predict for may still hold
        dropped=(*columns.dropped, first, *others),
    )
    Y = np.column_stack([y, X[:, places]])
    return SeveralLabels(X[:, kept], Y, (first, *others), columns)


def names_several(source: FileData) -> bool:
    """Whether a target names several columns, none of which has the whole name, or an array."""
    if Path(source.path).suffix.lower() == ".npz":
        return _is_matrix(source)
    if "," not in source.target:
        return False
    try:
        source.load_with_columns(classes=True)
    except DataError:
        return True
    return False


def in_patches(X: Float64[np.ndarray, "n d"], size: int) -> Float64[np.ndarray, "n T size"]:
    """Cut the columns of every sample into patches, one after another.

    Raises
    ------
    DataError
        If the columns are no multiple of their size.
    """
    if X.ndim != 2 or size < 1 or X.shape[1] % size:
        raise DataError(
            f"Expected patches whose size divides the {X.shape[-1]} columns of X, got {size}; "
            "choose another size."
        )
    return np.ascontiguousarray(X.reshape(X.shape[0], -1, size))


def _of_archive(source: FileData) -> SeveralLabels:
    with (
        errors_of(source.path),
        open_arrays(existing_file(source.path, (".npz",))) as archive,
    ):
        if source.target not in archive.names:
            raise DataError(no_target("an array", source.target, archive.names))
        if "X" not in archive.names:
            raise DataError(
                f"Expected an array named 'X', got {listed(archive.names)}; rename it in the file."
            )
        X = archive.describe("X", 2, 3).read()
        Y = archive.describe(source.target, 1, 2).read()
        Y = Y[:, None] if Y.ndim == 1 else Y
        if len(X) != len(Y):
            raise DataError(
                f"Expected one row of labels per sample, got {len(X)} samples and {len(Y)} rows of "
                "labels; make the lengths match."
            )
        outputs = tuple(f"{source.target}{k}" for k in range(Y.shape[1]))
        named = array_names(X.shape[1]) if X.ndim == 2 else None
        columns = None if named is None else Columns(named, {}, source.target)
        return SeveralLabels(X, Y, outputs, columns)


def _is_matrix(source: FileData) -> bool:
    try:
        with open_arrays(existing_file(source.path, (".npz",))) as archive:
            archive.describe(source.target, 2)
    except (DataError, OSError):
        # whatever is wrong is said where the file is read
        return False
    return True


def _one_hot(labels: list[str]) -> tuple[Float64[np.ndarray, "n q"], list[str]]:
    text = coded(labels)
    names = list(in_order(text.found))
    places = np.array([names.index(found) for found in text.found])
    if len(names) < 2:
        raise DataError(f"Expected at least two classes, got {names}; check the target.")
    return np.eye(len(names))[places[text.codes]], names
