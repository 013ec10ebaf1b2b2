"""Legends above a figure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.timings import in_order, label_of, style_index


def legend_above(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """Put one legend of all panels above them; labelled artists are their own handles."""
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def solver_handles(solvers: Iterable[str], names: Mapping[str, str] | None = None) -> list[Line2D]:
    """Return what a legend shows of solvers, in the order of figures; some by a name given."""
    return [
        Line2D(
            [], [], color=colour_of(style_index(solver)), marker=marker_of(style_index(solver)),
            label=(names or {}).get(solver, label_of(solver)),
        )
        for solver in in_order(solvers)
    ]  # fmt: skip
