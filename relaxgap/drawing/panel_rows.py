"""Panels in rows that are all as wide as the figure, however many there are."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def panels_of_rows(count: int, most: int) -> list[int]:
    """Split panels into the fewest rows of at most ``most``, the longer rows first."""
    n_rows = -(-count // most)
    return [count // n_rows + (row < count % n_rows) for row in range(n_rows)]


def add_rows(figure: Figure, lengths: list[int]) -> list[list[Axes]]:
    """Add rows of panels of these lengths to a figure, without an empty place."""
    columns = math.lcm(*lengths)
    grid = figure.add_gridspec(len(lengths), columns)
    return [
        [
            figure.add_subplot(grid[row, place : place + columns // length])
            for place in range(0, columns, columns // length)
        ]
        for row, length in enumerate(lengths)
    ]
