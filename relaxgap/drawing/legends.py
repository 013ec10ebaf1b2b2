"""Legends above a figure."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure


def legend_above(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """Put one legend of all panels above them; labelled artists are their own handles."""
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
