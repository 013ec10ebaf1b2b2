"""What is read of the columns of a file: numbers, and text by the distinct words in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from relaxgap.data.classes import MISSING
from relaxgap.data.naming import LISTED, written_number
from relaxgap.errors import DataError

ENCODE = (
    "encode it (one_hot, on the command line: --one-hot NAME), leave it out (drop, --drop NAME) or "
    "write it as numbers"
)
"""What to do about a feature of text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say which columns of a file are read, and as what; the others are left out.

    Parameters
    ----------
    numbers : tuple of str
        Columns of numbers, in this order.
    categories : tuple of str
        Columns taken as they are written, without missing cells.
    label : str, optional
        A column of labels taken as they are written, cells that are missing as ``""``.
    target : str
        The column of labels, whichever way it is read, and
    advice : str
        what to do about text in place of numbers, both for messages.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...] = ()
    label: str | None = None
    target: str = ""
    advice: str = ENCODE


@dataclass(frozen=True, slots=True, eq=False)
class CodedText:
    """A column of text.

    Parameters
    ----------
    found : tuple of str
        The distinct cells, in the order in which they came.
    codes : (n,) int64
        For each row the place of its cell in ``found``.
    """

    found: tuple[str, ...]
    codes: Int64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What was read of a file.

    Parameters
    ----------
    names : tuple of str
        All columns of the file.
    numbers : (n, p) float64
        The columns ``wanted.numbers``, side by side.
    wanted : Wanted
        What was to be read.
    categories : dict of str to CodedText
        The columns ``wanted.categories``.
    labels : list of str
        Those of ``wanted.label``, if there is one.
    """

    names: tuple[str, ...]
    numbers: Float64[np.ndarray, "n p"]
    wanted: Wanted
    categories: dict[str, CodedText] = field(default_factory=dict)
    labels: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class MissingCells:
    """The cells in which nothing was found, of which the first few are named."""

    rows: str = ""
    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, row: int, name: str) -> None:
        """Take the place of one, rows counted from 1."""
        self.count += 1
        if len(self.places) < LISTED:
            self.places.append(f"row {row} of {name!r}")

    def refuse(self, expected: str = "a number") -> None:
        """Raise `DataError` if there is any."""
        if self.count:
            more = ", ..." if self.count > LISTED else ""
            raise DataError(
                f"Expected {expected} in every cell, got {self.count} missing values: "
                f"{', '.join(self.places)}{more}{self.rows}; fill in or remove them."
            )


def coded(cells: Iterable[str]) -> CodedText:
    """Return a column of text by its distinct cells."""
    found: dict[str, int] = {}
    codes = np.fromiter((found.setdefault(cell, len(found)) for cell in cells), np.int64)
    return CodedText(tuple(found), codes)


def refuse_missing(categories: dict[str, CodedText]) -> None:
    """Raise `DataError` if a cell of text is missing."""
    missing = MissingCells()
    for name, text in categories.items():
        absent = [code for code, cell in enumerate(text.found) if cell.lower() in MISSING]
        for row in np.flatnonzero(np.isin(text.codes, absent)):
            missing.add(int(row) + 1, name)
    missing.refuse("a category")


def not_numbers(name: str, got: str, wanted: Wanted) -> DataError:
    """Return the refusal of a column that does not hold numbers, but what is said here."""
    advice = wanted.advice
    if name == wanted.target:
        advice = "encode the labels as numbers, or take a loss of classes"
    return DataError(f"Expected numbers in column {name!r}, got {got}; {advice}.")


def written(value: object) -> str:
    """Return a cell that a file does not hold as text as a table of text would hold it."""
    if value is None:
        return ""
    return written_number(value) if isinstance(value, float) else str(value).strip()


def in_order(words: Sequence[str]) -> tuple[str, ...]:
    """Sort words: by size if all are numbers, else by the alphabet."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return tuple(sorted(words))
    if not np.all(np.isfinite(numbers)):
        return tuple(sorted(words))
    return tuple(word for _, word in sorted(zip(numbers, words, strict=True)))
