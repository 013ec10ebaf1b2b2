"""The columns of a table as features: which there are, and the categories of those of text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.cells import Cells, CodedText, in_order
from relaxgap.data.naming import listed, nearest
from relaxgap.errors import DataError

MAX_CATEGORIES = 1000
"""Most categories of a column; one of more is an identifier, or text that is no category."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Say how the columns of a file become features, as learned where a network was fitted.

    Parameters
    ----------
    names : tuple of str
        The columns that are features, in the order of the file, by their names there.
    categories : dict of str to tuple of str
        For each of them that is one-hot its categories, in the order of their features: numbers by
        size, else by the alphabet.
    target : str
        The column of labels.
    dropped : tuple of str
        Columns that were left out, which a file may still hold.
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    target: str
    dropped: tuple[str, ...] = field(default=())

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, such as ``area`` and ``colour=red``."""
        return tuple(
            feature
            for name in self.names
            for feature in (
                [f"{name}={category}" for category in self.categories[name]]
                if name in self.categories
                else [name]
            )
        )

    @property
    def n_features(self) -> int:
        """Number of features."""
        return sum(len(self.categories.get(name, ("",))) for name in self.names)

    def to_json(self) -> str:
        """Return all of it as one line of JSON."""
        return json.dumps(
            {
                "names": self.names,
                "categories": dict(self.categories),
                "target": self.target,
                "dropped": self.dropped,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Columns":
        """Read what `to_json` wrote.

        Raises
        ------
        DataError
            If it is something else.
        """
        try:
            values = json.loads(text)
            categories = {name: _texts(found) for name, found in values["categories"].items()}
            names, dropped = _texts(values["names"]), _texts(values["dropped"])
            (target,) = _texts([values["target"]])
            if len({*names, *dropped}) < len(names) + len(dropped) or not {*categories} <= {*names}:
                raise ValueError("names twice, or categories of no column")
            if target in names or not names or not all(map(len, categories.values())):
                raise ValueError("a target that is a feature, no features, or no categories")
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise DataError(
                f"Expected a description of columns in JSON, got another text ({error}); fit and "
                "save the network again."
            ) from error
        return cls(names, categories, target, dropped)


def learned_categories(name: str, text: CodedText) -> tuple[str, ...]:
    """Return the categories of a column in their order.

    Raises
    ------
    DataError
        If they are too many to be categories.
    """
    if len(text.found) > MAX_CATEGORIES:
        raise DataError(
            f"Expected at most {MAX_CATEGORIES} categories in column {name!r}, got "
            f"{len(text.found)}; leave it out (drop, on the command line: --drop NAME) or merge "
            "some of them."
        )
    return in_order(text.found)


def refuse_infinite(X: Float64[np.ndarray, "n d"], columns: Columns) -> None:
    """Refuse features that are not all finite numbers, by the row and the column of the first.

    Raises
    ------
    DataError
        If one is not.
    """
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(X.min()) and np.isfinite(X.max()) if X.size else True
    if not finite:
        places = np.argwhere(~np.isfinite(X))
        row, place = places[0].tolist()
        raise DataError(
            f"Expected finite numbers, got {len(places)} NaN or infinite entries, the first in row "
            f"{row + 1} of {columns.feature_names[place]!r}; remove or impute them."
        )


def encoded(cells: Cells, columns: Columns) -> Float64[np.ndarray, "n d"]:
    """Return the features of a file, of which its numbers and categories were read.

    Raises
    ------
    DataError
        If a category is not among those of the column.
    """
    places = {name: place for place, name in enumerate(cells.wanted.numbers)}
    if not columns.categories:
        if cells.wanted.numbers == columns.names:
            return cells.numbers
        return np.take(cells.numbers, [places[name] for name in columns.names], axis=1)
    n = len(cells.numbers)
    X, start = np.zeros((n, columns.n_features)), 0
    for name in columns.names:
        known = columns.categories.get(name)
        if known is None:
            X[:, start] = cells.numbers[:, places[name]]
            start += 1
            continue
        X[np.arange(n), start + _among(name, cells.categories[name], known)] = 1.0
        start += len(known)
    return X


def _among(name: str, text: CodedText, known: tuple[str, ...]) -> Any:
    """Return for each row the place of its category among those known."""
    place = {category: i for i, category in enumerate(known)}
    unseen = next((cell for cell in text.found if cell not in place), None)
    if unseen is not None:
        row = int(np.argmax(text.codes == text.found.index(unseen))) + 1
        raise DataError(
            f"Expected a category of the fit in column {name!r}, {listed(known)}, got {unseen!r} "
            f"in row {row} below the header; {nearest(unseen, known)}correct the cell, or fit on "
            "data that hold this category."
        )
    return np.array([place[cell] for cell in text.found], dtype=np.int64)[text.codes]


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{str(values)[:60]} in place of a list of texts")
    return tuple(values)
