"""Samples to predict for, read as the data were to which a network was fitted."""

import functools
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data import parquet
from relaxgap.data.cells import Cells, Wanted, written
from relaxgap.data.columns import Columns, encoded, refuse_infinite
from relaxgap.data.files import DATA_ENDINGS
from relaxgap.data.labelled_arrays import array_cells, array_names, read_unlabelled
from relaxgap.data.naming import listed, nearest
from relaxgap.data.paths import errors_of, existing_file
from relaxgap.data.tables import read_text_table
from relaxgap.errors import ConfigurationError, DataError

_ADVICE = "write it as numbers, as it was for the fit"


def read_features(
    path: str, columns: Columns, target: str | None = None, labelled: bool = True
) -> tuple[Float64[np.ndarray, "n d"], Any]:
    """Read the features of a file by the columns of a fit, and its labels if it has any.

    The columns of a table are matched by their names, in any order. Those of an array have none:
    they are taken in the order of the fit. Columns that were dropped for the fit may be there.

    Parameters
    ----------
    path : str
        A file of arrays or a table, as of `relaxgap.data.FileData`; labels may be absent.
    columns : Columns
        What the fit learned.
    target : str, optional
        Name of the labels; that of the fit unless given.
    labelled : bool
        Whether to read labels at all.

    Returns
    -------
    X : (n, d) float64
        Finite features, ``d = columns.n_features``.
    labels : list of str, (n,) float64 or None
        As they are written in a table, ``""`` where there is none; numbers beside an array; None
        if the file has none.

    Raises
    ------
    ConfigurationError
        If the target is a feature of the fit.
    DataError
        If the file cannot be used, lacks a column of the fit, has one that the fit did not know, or
        a category that it did not; the message is one line and starts with the path.
    """
    name = columns.target if target is None else target.strip()
    if name in columns.names and target is not None:
        raise ConfigurationError(
            f"Expected a target (--target) that is no feature of the fit, got {name!r}; name the "
            "column of labels."
        )
    with errors_of(path):
        file = existing_file(path, DATA_ENDINGS)
        labels: Any
        if file.name.lower().endswith((".npz", ".npy")):
            cells, labels = _read_array(file, columns, name, labelled)
        else:
            needed = {*columns.names, name} if labelled else {*columns.names}
            cells = _read_table(file, needed, functools.partial(_wanted, columns, name, labelled))
            labels = _labels(cells)
        X = encoded(cells, columns)
        refuse_infinite(X, columns)
        return X, labels


def read_in_order(
    path: str, n_features: int, target: str, labelled: bool = True
) -> tuple[Float64[np.ndarray, "n d"], Any]:
    """Read the features of a table in the order of its columns, and its labels if it has any.

    Parameters
    ----------
    path : str
        A table.
    n_features : int
        Number of its columns beside the labels.
    target : str
        Name of the labels.
    labelled : bool
        Whether to read labels at all.

    Returns
    -------
    X, labels
        As of `read_features`.

    Raises
    ------
    DataError
        If the file cannot be used, or has another number of columns.
    """

    def choose(names: Sequence[str]) -> Wanted:
        features = tuple(name for name in names if name != target)
        if len(features) != n_features:
            raise DataError(
                f"Expected {n_features} columns beside the labels {target!r}, as the network "
                f"takes, got {len(features)}; give the columns that it was fitted to."
            )
        label = target if labelled and target in names else None
        return Wanted(features, (), label, target, _ADVICE)

    with errors_of(path):
        cells = _read_table(existing_file(path, DATA_ENDINGS), {target}, choose)
        refuse_infinite(cells.numbers, Columns(cells.wanted.numbers, {}, target))
        return cells.numbers, _labels(cells)


def _read_table(
    file: Path, known: Collection[str], choose: Callable[[Sequence[str]], Wanted]
) -> Cells:
    is_parquet = file.name.lower().endswith(".parquet")
    return (parquet.read_parquet if is_parquet else read_text_table)(file, known, choose)


def _labels(cells: Cells) -> list[str] | None:
    return None if cells.wanted.label is None else [*map(_label, cells.labels)]


def label_numbers(labels: Any, rows: str) -> Float64[np.ndarray, " n"]:
    """Return labels as they are written, or numbers, as finite numbers.

    Parameters
    ----------
    labels : sequence
        One a row.
    rows : str
        Which rows they are of, for the message.

    Raises
    ------
    DataError
        If one is missing, or no finite number.
    """
    try:
        numbers = np.asarray(labels, dtype=np.float64)
        if np.all(np.isfinite(numbers)):
            return numbers
    except (TypeError, ValueError):
        pass
    row, label = next((row, label) for row, label in enumerate(labels) if not _is_finite(label))
    raise DataError(
        f"Expected a number as the label of {rows}, got {label!r} in row {row + 1}; correct it, "
        "or remove the row."
    )


def _is_finite(label: Any) -> bool:
    try:
        return bool(np.isfinite(float(label)))
    except (TypeError, ValueError):
        return False


def _read_array(
    path: Path, columns: Columns, target: str, labelled: bool
) -> tuple[Cells, Float64[np.ndarray, " n"] | None]:
    # no array has an empty name
    X, labels = read_unlabelled(path, target if labelled else "")
    if X.shape[0] == 0:
        raise DataError("Expected at least one sample, got none; add rows to the array.")
    names = columns.names
    numbered = array_names(len(columns.names) + len(columns.dropped))
    if {*columns.names, *columns.dropped} == {*numbered}:
        # of the fit to an array, from which columns may have been dropped
        names = numbered
    if X.shape[1] != len(names):
        raise DataError(
            f"Expected {len(names)} columns as for the fit, {listed(names)}, got {X.shape[1]}; "
            "write the features of the fit, in its order."
        )
    return array_cells(X, names, _wanted(columns, target, False, names)), labels


def _wanted(columns: Columns, target: str, labelled: bool, names: Sequence[str]) -> Wanted:
    """Say what is read of a file with columns of these names; raise `DataError` unless they fit."""
    there = set(names)
    for name in columns.names:
        if name not in there:
            raise DataError(
                f"Expected a column named {name!r} as for the fit, got {listed(names)}; "
                f"{nearest(name, [other for other in names if other not in columns.names])}"
                "rename it in the file or add it."
            )
    known = {*columns.names, *columns.dropped, columns.target, target}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise DataError(
            f"Expected no columns but those of the fit, {listed(columns.names)}, got "
            f"{listed(unknown)} too; remove them from the file, or name the labels by target "
            "(--target)."
        )
    label = target if labelled and target in there else None
    one_hot = tuple(name for name in columns.names if name in columns.categories)
    numbers = tuple(name for name in columns.names if name not in columns.categories)
    return Wanted(numbers, one_hot, label, target, _ADVICE)


def _label(value: object) -> str:
    # two_classes names booleans that are no text 0 and 1
    return written(float(value) if isinstance(value, bool) else value)
