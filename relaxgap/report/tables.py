"""Tables of a page: sorted by any column where scripts run, and read without them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from relaxgap.report.markup import Markup, element, joined

SHOWN_ROWS = 60
"""Of a long table: the rest is in the CSV beside it."""
DIGITS = 6
END_DIGITS = 9
"""Of the ends of a bracket, which are nearly equal."""
BRACKETS = (
    ("dual_value", "primal_value"),
    ("lower_bound", "primal_value"),
    ("lower_bound", "network_value"),
    ("optimum_bound", "optimum"),
    ("two_bound", "two_value"),
)
"""Columns of a certified lower bound and of the value of a feasible point."""
KEYS = (
    "data",
    "labels",
    "n",
    "d",
    "q",
    "m",
    "seed",
    "beta_fraction",
    "normalisation",
    "noise",
    "program",
    "method",
    "solver",
    "size_rule",
    "width",
    "start",
    "strength",
    "certificate",
    "status",
)
"""Columns that say of what a bracket is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Hold what a cell shows and what it is sorted by, "" for what it shows."""

    shown: str
    key: str = ""
    numeric: bool = False


def cell(value: Any, digits: int = DIGITS) -> Cell:
    """Return a value of a CSV as a cell; what is missing is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell("")
    if isinstance(value, float):
        shown = f"{value:.{digits}g}"
        return Cell(shown, "" if float(shown) == value else repr(value), numeric=True)
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    return Cell(str(value), numeric=isinstance(value, int))


def sortable(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str, label: str
) -> Markup:
    """Return a table in a box that scrolls by itself; the first cell of a row names it.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : sequence of sequence of Cell
        As many cells in each.
    caption : str
        What is in it.
    label : str
        The name of the box for who cannot see the caption.
    """
    numeric = [
        any(row[place].numeric for row in rows) and all(_counts(row[place]) for row in rows)
        for place in range(len(head))
    ]
    titles = joined(
        *(
            element("th", title, scope="col", class_="number" if is_number else None)
            for title, is_number in zip(head, numeric, strict=True)
        )
    )
    body = joined(*(element("tr", _row(row)) for row in rows), by="\n")
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", titles)),
        element("tbody", body),
        class_="sortable",
    )
    return element("div", table, class_="wide", tabindex=0, role="group", aria_label=label)


def _counts(found: Cell) -> bool:
    return found.numeric or not found.shown


def _row(cells: Sequence[Cell]) -> Markup:
    return joined(
        *(
            element(
                "td" if place else "th",
                each.shown,
                scope=None if place else "row",
                data_key=each.key or None,
                class_="number" if each.numeric else None,
            )
            for place, each in enumerate(cells)
        )
    )


def frame_table(frame: pd.DataFrame, caption: str, label: str, most: int | None = None) -> Markup:
    """Return the first rows of a table of numbers; names in its index are columns of their own."""
    flat = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    head = [_flat(column) for column in flat.columns]
    rows = [[cell(value) for value in row] for row in _values(flat.head(most) if most else flat)]
    return sortable(head, rows, caption, label)


def bracket_table(summary: pd.DataFrame, label: str) -> Markup | None:
    """Return the brackets of a summary, the widest first; None if it has none."""
    pair = next((pair for pair in BRACKETS if set(pair) <= set(summary.columns)), None)
    if pair is None:
        return None
    known = [key for key in KEYS if key in summary]
    found = summary[[*known, *pair]].dropna(subset=list(pair)).drop_duplicates()
    low, high = (found[end].astype(float) for end in pair)
    gaps = ((high - low) / high.abs()).where(high != 0.0, high - low)
    widest = gaps.sort_values(ascending=False, kind="stable").index[:SHOWN_ROWS]
    keys = [key for key in known if found.loc[widest, key].notna().any()]
    rows = [
        [
            cell(names[0]),
            Cell(
                f"[{low[place]:.{END_DIGITS}g}, {high[place]:.{END_DIGITS}g}]",
                repr(float(high[place])),
            ),
            cell(float(gaps[place]), 3),
            *map(cell, names[1:]),
        ]
        for place, names in zip(widest, _values(found.loc[widest, keys]), strict=True)
    ]
    if not rows:
        return None
    which = "All" if len(rows) == len(found) else f"The {len(rows)} widest of"
    caption = f"{which} {len(found):,} brackets: from {pair[0]}, certified, to {pair[1]}, feasible."
    return sortable([keys[0], "bracket", "relative gap", *keys[1:]], rows, caption, label)


def _values(frame: pd.DataFrame) -> list[list[Any]]:
    """Return the rows with Python's own numbers, each column of its own kind."""
    columns = [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _flat(name: Any) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return ", ".join(str(part) for part in parts if str(part))
