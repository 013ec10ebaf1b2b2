"""The text of a table: how it is stored and separated, the names in its header, the cells of a row.

What a spreadsheet may write around the cells is understood (a byte order mark, UTF-16, a line
``sep=;``, rows of nothing but separators at the end); what could be read in two ways is refused.
"""

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relaxgap.data.naming import listed
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
_UNNAMED = re.compile(r"Unnamed: \d+")


@dataclass(frozen=True, slots=True)
class TextTable:
    """The rows of an open table.

    Parameters
    ----------
    names : list of str
        Of the columns, all different.
    rows : iterator over lists of str
        The cells of each row, stripped; the last ones may be missing.
    """

    names: list[str]
    rows: Iterator[list[str]]


@contextmanager
def open_table(path: Path, known: Collection[str]) -> Iterator[TextTable]:
    """Open a table of text.

    Parameters
    ----------
    path : Path
        An existing file; whether it is compressed is read from its content.
    known : collection of str
        Names that its header may hold, which tell the separator.

    Raises
    ------
    DataError
        If it cannot be read; `relaxgap.data.paths.errors_of` adds the path to the message.
    """
    with _readable(path) as stream:
        yield _parted(stream, known)


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


def _parted(stream: io.TextIOBase, known: Collection[str]) -> TextTable:
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
        separator = _separator(first, known)
    lines = csv.reader(
        itertools.chain([first], stream), delimiter=separator, skipinitialspace=True, strict=True
    )
    names = [name.strip() for name in next(lines)]
    _check_header(names, known)

    def rows() -> Iterator[list[str]]:
        empty_rows = 0
        for line in lines:
            cells = [cell.strip() for cell in line]
            if not any(cells):
                # A line without separators is no row.
                empty_rows += len(cells) > 1
                continue
            if len(cells) > len(names):
                raise DataError(
                    f"Expected {len(names)} fields in line {n_before + lines.line_num}, as in the "
                    f"header, got {len(cells)}; remove the others, put text with {separator!r} in "
                    "quotes, and write numbers with decimal points."
                )
            for _ in range(empty_rows):
                yield []
            empty_rows = 0
            yield cells

    return TextTable(names, rows())


def _separator(header: str, known: Collection[str]) -> str:
    """Return the separator under which the header has most known names, then most names at all."""

    def rank(separator: str) -> tuple[int, int]:
        parsed = next(csv.reader([header], delimiter=separator, skipinitialspace=True))
        names = {name.strip() for name in parsed}
        return len(names.intersection(known)), len(parsed)

    return max(_SEPARATORS, key=rank)


def _check_header(names: Sequence[str], known: Collection[str]) -> None:
    if any("\x00" in name for name in names):
        raise DataError(
            "Expected text in UTF-8, or in UTF-16 with a byte order mark, got zero bytes in the "
            "header, perhaps UTF-16 without a mark; save the table again as CSV in UTF-8."
        )
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
        if _UNNAMED.fullmatch(name) and name not in known:
            raise DataError(
                f"Expected a name for every column, got {name!r}, which pandas makes up for one "
                "without a name, often of row numbers; remove the column (to_csv with "
                "index=False), or name it if it is a feature."
            )
