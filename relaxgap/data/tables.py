"""Tables of text, read column by column: numbers, or cells as they are written.

A cell of a number is read by ``float``, which is rounded correctly.
"""

import itertools
import operator
import re
from array import array
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.cells import Cells, MissingCells, Wanted, coded, not_numbers
from relaxgap.data.classes import MISSING
from relaxgap.data.table_text import open_table
from relaxgap.errors import DataError

_BOOLEANS = {"true": 1.0, "false": 0.0}
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.]*,\d+(e[+-]?\d+)?", re.IGNORECASE)
LABELS = "a column, in a header separated by commas, semicolons or tabs,"
"""What a table of text without labels lacks, in messages."""


def read_text_table(
    path: Path, known: Collection[str], choose: Callable[[Sequence[str]], Wanted]
) -> Cells:
    """Read columns of a table.

    Parameters
    ----------
    path : Path
        An existing file; whether it is compressed is read from its content.
    known : collection of str
        Names that its header may hold, which tell the separator.
    choose : callable
        Say what is read, of the names in the header; may raise a `DataError`.

    Raises
    ------
    DataError
        If it cannot be used; `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    with open_table(path, known) as table:
        names = table.names
        wanted = choose(names)
        missing = MissingCells(" (rows counted below the header)")
        numbers = _Numbers(wanted, missing)
        texts = [_Text(name, names.index(name), missing) for name in wanted.categories]
        if wanted.label is not None:
            texts.append(_Text(wanted.label, names.index(wanted.label)))
        pick = _picker([names.index(name) for name in wanted.numbers])
        if list(wanted.numbers) == names:
            for cells in table.rows:
                numbers.append(cells)
        else:
            for cells in table.rows:
                cells.extend([""] * (len(names) - len(cells)))
                numbers.append(pick(cells))
                for text in texts:
                    text.append(numbers.n_rows, cells[text.place])
    values = numbers.checked()
    categories = {text.name: coded(text.cells) for text in texts if text.name != wanted.label}
    labels = texts[-1].cells if wanted.label is not None else []
    return Cells(tuple(names), values, wanted, categories, labels)


def _picker(places: Sequence[int]) -> Callable[[list[str]], Sequence[str]]:
    """Return what picks cells of a row; itemgetter is fast, and of one place returns no tuple."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda cells: [cells[place] for place in places]


@dataclass(slots=True)
class _Numbers:
    """The numbers of the rows so far, and what was found in place of one."""

    wanted: Wanted
    missing: MissingCells
    values: "array[float]" = field(default_factory=lambda: array("d"))
    n_rows: int = 0
    bad: tuple[str, str, int] | None = None

    def append(self, cells: Sequence[str]) -> None:
        """Take a row, whose last cells may be missing."""
        self.n_rows += 1
        for name, cell in itertools.zip_longest(self.wanted.numbers, cells, fillvalue=""):
            number = _number(cell)
            self.values.append(0.0 if number is None else number)
            if number is not None:
                continue
            if cell.lower() in MISSING:
                self.missing.add(self.n_rows, name)
            elif self.bad is None:
                self.bad = name, cell, self.n_rows

    def checked(self) -> Float64[np.ndarray, "n p"]:
        """Return the numbers if there is one in every cell."""
        if self.n_rows == 0:
            raise DataError("Expected data below the header, got the header only; add rows.")
        self.missing.refuse("a value" if self.wanted.categories else "a number")
        if self.bad is not None:
            name, cell, row = self.bad
            where = f"{cell!r} in row {row} below the header"
            if _DECIMAL_COMMA.fullmatch(cell):
                raise DataError(
                    f"Expected numbers in column {name!r}, got {where}; it has a decimal comma: "
                    "write the table with decimal points."
                )
            raise not_numbers(name, where, self.wanted)
        shape = self.n_rows, len(self.wanted.numbers)
        return np.frombuffer(self.values, dtype=np.float64).reshape(shape)


@dataclass(slots=True)
class _Text:
    """A column as it is written, each word kept once; cells may be missing if nothing counts them.

    Parameters
    ----------
    name, place
        Of the column.
    missing : MissingCells, optional
        Where missing ones are counted.
    """

    name: str
    place: int
    missing: MissingCells | None = None
    cells: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def append(self, row: int, cell: str) -> None:
        """Take the cell of a row."""
        self.cells.append(self.words.setdefault(cell, cell))
        if self.missing is not None and cell.lower() in MISSING:
            self.missing.add(row, self.name)


def _number(cell: str) -> float | None:
    """Return what a cell holds, unless it is empty or text; ``float`` alone takes 1_000 too."""
    try:
        number = float(cell)
    except ValueError:
        return _BOOLEANS.get(cell.lower())
    return None if number != number or "_" in cell or not cell.isascii() else number
