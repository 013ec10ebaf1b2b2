"""Rows that were measured where an optional solver was installed outlive a run where it is not."""

import csv
import io
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

ABSENT = "absent"
"""Status of a row whose solver is not installed."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Hold a summary, and whose rows in it are those of before."""

    text: str
    names: tuple[str, ...]


def with_kept_rows(text: str, before: str, optional: str) -> KeptRows:
    """Return a new summary with the rows of before of what is absent now, cell by cell.

    Parameters
    ----------
    text, before : str
        Two summaries of one experiment.
    optional : str
        Column with the name of what may be absent: a solver, a library. Its rows are then missing,
        or have the status ``absent``.
    """
    columns, new = _read(text)
    columns_before, old = _read(before)
    if columns != columns_before:
        return KeptRows(text, ())
    merged: list[Row] = []
    kept: set[str] = set()
    for cell, rows in new.items():
        measured = {row[optional] for row in rows if not _is_absent(row)}
        earlier = [row for row in old.get(cell, []) if not _is_absent(row)]
        names = {row[optional] for row in earlier} - measured
        merged += _in_order(rows, earlier, names, optional) if names else rows
        kept |= names
    return KeptRows(_written(columns, merged) if kept else text, tuple(sorted(kept)))


def _in_order(
    rows: Sequence[Row], earlier: Sequence[Row], names: set[str], optional: str
) -> list[Row]:
    """Return the new rows with the earlier ones of some names, in the order of the earlier ones."""
    waiting: dict[str, deque[Row]] = defaultdict(deque)
    for row in rows:
        if row[optional] not in names:
            waiting[row[optional]].append(row)
    placed = []
    for row in earlier:
        if row[optional] in names:
            placed.append(row)
        elif waiting[row[optional]]:
            placed.append(waiting[row[optional]].popleft())
    return [*placed, *(row for rest in waiting.values() for row in rest)]


def _is_absent(row: Row) -> bool:
    return row.get("status") == ABSENT


def _read(text: str) -> tuple[list[str], dict[str, list[Row]]]:
    reader = csv.DictReader(io.StringIO(text))
    cells: dict[str, list[Row]] = defaultdict(list)
    for row in reader:
        # a damaged line is no measurement
        if None not in row and None not in row.values():
            cells[row.get("cell", "")].append(row)
    return list(reader.fieldnames or ()), cells


def _written(columns: Sequence[str], rows: Sequence[Row]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
