"""Legends above a figure."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D


def legend_above(figure: Figure | SubFigure, handles: Sequence[Any], columns: int) -> None:
    """Put one legend of all panels above them; labelled artists are their own handles."""
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def legend_of_rows(figure: Figure, *rows: list[Line2D], columns: int) -> None:
    """Put a legend above a figure that is read row by row; no row is longer than ``columns``."""
    blank = Line2D([], [], linestyle="", label=" ")
    filled = [[*row, *[blank] * (columns - len(row))] for row in rows if row]
    # a legend is filled column by column
    handles = [row[column] for column in range(columns) for row in filled]
    legend_above(figure, handles, columns)
