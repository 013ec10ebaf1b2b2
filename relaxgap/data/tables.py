"""Tables of text: one header line, separated by commas, semicolons or tabs, perhaps compressed.

A cell is read by ``float``, which is rounded correctly. What a spreadsheet may write around the
cells is understood (a byte order mark, UTF-16, a line ``sep=;``, rows of nothing but separators at
the end); what could be read in two ways is refused.
"""

import csv
import gzip
import io
import itertools
import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.classes import MISSING
from relaxgap.data.naming import LISTED, listed, no_target
from relaxgap.data.zip_archives import memory_limit, too_large
from relaxgap.errors import DataError

_SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_ENCODINGS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_GZIP = b"\x1f\x8b"
_BOOLEANS = {"true": 1.0, "false": 0.0}
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.]*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_UNNAMED = re.compile(r"Unnamed: \d+")


def read_table(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    """Read the features and the labels of a table.

    Parameters
    ----------
    path : Path
        An existing file; whether it is compressed is read from its content.
    target : str
        Name of the column of labels; every other column is a feature.

    Raises
    ------
    DataError
        If it cannot be used; `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    target = target.strip()
    with _readable(path) as stream:
        names, values, _ = _read(stream, target, as_text=False)
    labels = names.index(target)
    return np.delete(values, labels, axis=1), values[:, labels].copy()


def read_classes(path: Path, target: str) -> tuple[Float64[np.ndarray, "n d"], list[str]]:
    """Read the features of a table as `read_table` does, and the labels as they are written."""
    with _readable(path) as stream:
        _, values, labels = _read(stream, target.strip(), as_text=True)
    return values, labels


@contextmanager
def _readable(path: Path) -> Iterator[io.TextIOBase]:
    try:
        with _text_of(path) as stream:
            yield stream
    except UnicodeError as error:
        raise DataError(
            "Expected text in UTF-8, in UTF-16 with a byte order mark, or compressed by gzip, got "
            f"other bytes ({error}); save the table again as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise DataError(
            f"Expected a table of text, got one that cannot be read as such ({error}); check its "
            "quotes or save it again."
        ) from error


@contextmanager
def _text_of(path: Path) -> Iterator[io.TextIOBase]:
    with path.open("rb") as file:
        stream: io.BufferedIOBase = file
        if file.peek(len(_GZIP)).startswith(_GZIP):
            stream = io.BytesIO(_decompressed(file, memory_limit(path)))
        first = stream.read(4)
        stream.seek(0)
        encoding = next((e for mark, e in _ENCODINGS.items() if first.startswith(mark)), "utf-8")
        yield io.TextIOWrapper(stream, encoding, newline="")  # type: ignore[type-var]


def _decompressed(file: io.BufferedIOBase, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            content = stream.read(limit + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(
            f"Expected a whole gzip file, got one that cannot be decompressed ({error}); compress "
            "the table again."
        ) from error
    if len(content) > limit:
        raise too_large("more text than that", limit)
    return content


def _read(
    stream: io.TextIOBase, target: str, as_text: bool
) -> tuple[list[str], Float64[np.ndarray, "n p"], list[str]]:
    """Return the names of the columns and the numbers in them, those of the target perhaps as text.

    Text leaves the numbers, which then are the features alone.
    """
    separator, n_before, first = "", -1, ""
    while not first.strip():
        n_before, first = n_before + 1, stream.readline()
        if not first:
            raise DataError(
                "Expected a header line and data, got an empty file; write the data to it."
            )
        if chosen := _SEPARATOR_LINE.fullmatch(first):
            separator, first = chosen[1], ""
    if not separator:
        separator = _separator(first, target)
    rows = csv.reader(
        itertools.chain([first], stream), delimiter=separator, skipinitialspace=True, strict=True
    )
    names = [name.strip() for name in next(rows)]
    _check_header(names, target)
    at = names.index(target) if as_text else len(names)
    numbers, labels = _Numbers([*names[:at], *names[at + 1 :]]), []

    def take(cells: list[str]) -> None:
        labels.extend(cells[at : at + 1] or [""])
        numbers.append([*cells[:at], *cells[at + 1 :]])

    empty_rows = 0
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            # A line without separators is no row.
            empty_rows += len(cells) > 1
            continue
        if len(cells) > len(names):
            raise DataError(
                f"Expected {len(names)} fields in line {n_before + rows.line_num}, as in the "
                f"header, got {len(cells)}; remove the others, put text with {separator!r} in "
                "quotes, and write numbers with decimal points."
            )
        for _ in range(empty_rows):
            take([])
        empty_rows = 0
        take(cells)
    return names, numbers.checked(), labels


def _separator(header: str, target: str) -> str:
    """Return the separator under which the header names the target, else that of most names."""
    fields = {}
    for separator in _SEPARATORS:
        parsed = next(csv.reader([header], delimiter=separator, skipinitialspace=True))
        fields[separator] = [name.strip() for name in parsed]
    naming = [separator for separator in _SEPARATORS if target in fields[separator]]
    return max(naming or _SEPARATORS, key=lambda separator: len(fields[separator]))


def _check_header(names: Sequence[str], target: str) -> None:
    if any("\x00" in name for name in names):
        raise DataError(
            "Expected text in UTF-8, or in UTF-16 with a byte order mark, got zero bytes in the "
            "header, perhaps UTF-16 without a mark; save the table again as CSV in UTF-8."
        )
    if target not in names:
        columns = "a column, in a header separated by commas, semicolons or tabs,"
        raise DataError(no_target(columns, target, names))
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise DataError(
            f"Expected different column names, got {listed(repeated)} more than once; rename them."
        )
    if "" in names:
        raise DataError(
            f"Expected a name for every column, got none for column {names.index('') + 1}; name "
            "it, or remove it if it holds row numbers."
        )
    for name in names:
        if _UNNAMED.fullmatch(name) and name != target:
            raise DataError(
                f"Expected a name for every column, got {name!r}, which pandas makes up for one "
                "without a name, often of row numbers; remove the column (to_csv with "
                "index=False), or name it if it is a feature."
            )


@dataclass(slots=True)
class _Numbers:
    """The numbers of the rows so far, and what was found in place of one."""

    names: Sequence[str]
    values: "array[float]" = field(default_factory=lambda: array("d"))
    n_rows: int = 0
    n_missing: int = 0
    places: list[str] = field(default_factory=list)
    bad: tuple[str, str, int] | None = None

    def append(self, cells: Sequence[str]) -> None:
        """Take a row, whose last cells may be missing."""
        self.n_rows += 1
        for name, cell in itertools.zip_longest(self.names, cells, fillvalue=""):
            number = _number(cell)
            self.values.append(0.0 if number is None else number)
            if number is not None:
                continue
            if cell.lower() in MISSING:
                self.n_missing += 1
                if len(self.places) < LISTED:
                    self.places.append(f"row {self.n_rows} of {name!r}")
            elif self.bad is None:
                self.bad = name, cell, self.n_rows

    def checked(self) -> Float64[np.ndarray, "n p"]:
        """Return the numbers if there is one in every cell."""
        if self.n_rows == 0:
            raise DataError("Expected data below the header, got the header only; add rows.")
        if self.n_missing:
            more = ", ..." if self.n_missing > LISTED else ""
            raise DataError(
                f"Expected a number in every cell, got {self.n_missing} missing values: "
                f"{', '.join(self.places)}{more} (rows counted below the header); fill in or "
                "remove them."
            )
        if self.bad is not None:
            name, cell, row = self.bad
            advice = "encode the column as numbers or remove it"
            if _DECIMAL_COMMA.fullmatch(cell):
                advice = "it has a decimal comma: write the table with decimal points"
            raise DataError(
                f"Expected numbers in column {name!r}, got {cell!r} in row {row} below the header; "
                f"{advice}."
            )
        return np.frombuffer(self.values, dtype=np.float64).reshape(self.n_rows, len(self.names))


def _number(cell: str) -> float | None:
    """Return what a cell holds, unless it is empty or text; ``float`` alone takes 1_000 too."""
    try:
        number = float(cell)
    except ValueError:
        return _BOOLEANS.get(cell.lower())
    return None if number != number or "_" in cell or not cell.isascii() else number
