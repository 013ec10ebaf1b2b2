"""The values of the marks of a figure and where they are, for who points at them on a page."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from relaxgap.drawing.marks import BESIDE
from relaxgap.drawing.style import GREY

MAX_OF_SERIES = 400
"""A series of more marks is a cloud, in which nobody looks for one."""
MAX_UNMARKED = 60
"""A line of more corners without marks is a curve."""
Look = tuple[str, str]
"""A colour and a marker, "" for any."""
NO_COLOURS = frozenset({GREY, "#000000", "#808080"})
"""Of legends that explain a marker alone."""
SAME = 1e-6
"""Part of an axis by which a value may miss the tick whose word it has."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold one mark: where it is, in points from the upper left corner, and its two values."""

    left: float
    top: float
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Series:
    """Hold the marks of one line or cloud; ``name`` is that of the legend, "" if it has none."""

    name: str
    colour: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Hold what can be read off one panel, with the words of its axes."""

    title: str
    x: str
    y: str
    series: tuple[Series, ...]


def panels_of(figure: Figure) -> tuple[Panel, ...]:
    """Return the panels of a figure that was laid out, without those that have no marks."""
    names = _names(figure)
    found = (
        Panel(
            axes.get_title("left"),
            _words(figure, axes, Axes.get_xlabel, figure.get_supxlabel()),
            _words(figure, axes, Axes.get_ylabel, figure.get_supylabel()),
            tuple(_series(axes, names)),
        )
        for axes in figure.axes
    )
    return tuple(panel for panel in found if panel.series)


def _words(figure: Figure, axes: Axes, label: Callable[[Axes], str], of_all: str) -> str:
    """Return the words of an axis, which a row or column of panels has once for all of them."""
    own, box = label(axes), axes.get_position()
    if own or of_all:
        return own or of_all
    for other in figure.axes:
        place = other.get_position()
        row = label is Axes.get_ylabel and place.y0 == box.y0 and place.x0 < box.x0
        column = label is Axes.get_xlabel and place.x0 == box.x0 and place.y0 < box.y0
        if label(other) and (row or column):
            return label(other)
    return ""


def _names(figure: Figure) -> Mapping[Look, str]:
    """Return what the legends call a colour with a marker, a colour, and a grey or black marker."""
    names: dict[Look, str] = {}
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    for legend in legends:
        if legend is None:
            continue
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if isinstance(handle, Line2D):
                colour, marker = _colour(handle), _marker(handle)
                look = ("", marker) if colour in NO_COLOURS and marker else (colour, marker)
                names.setdefault(look, text.get_text())
    return names


def _name(names: Mapping[Look, str], colour: str, marker: str, own: str) -> str:
    """Return what a series is called: by the legend, or else by its own label."""
    if not own.startswith("_"):
        return own
    if exact := names.get((colour, marker)):
        return exact
    parts = [names.get((colour, "")), names.get(("", marker)) if marker else None]
    if any(parts):
        return ", ".join(part for part in parts if part)
    # a line through dots has the colour of the dots, and no marker of its own
    same = {name for (shade, _), name in names.items() if shade == colour}
    return same.pop() if len(same) == 1 else ""


def _series(axes: Axes, names: Mapping[Look, str]) -> Iterator[Series]:
    for line in axes.lines:
        marker, colour = _marker(line), _colour(line)
        points = np.column_stack([_floats(line.get_xdata()), _floats(line.get_ydata())])
        most = MAX_OF_SERIES if marker else MAX_UNMARKED
        if line.get_transform() != axes.transData or len(points) > most or not line.get_visible():
            continue
        name = _name(names, colour, marker, str(line.get_label()))
        yield from _seen(axes, line, name, colour, points)
    for cloud in axes.collections:
        if isinstance(cloud, PathCollection) and cloud.get_visible():
            offsets = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=np.float64), np.nan)
            faces, edges = np.asarray(cloud.get_facecolor()), np.asarray(cloud.get_edgecolor())
            colours: Any = faces if len(faces) else edges
            if len(offsets) <= MAX_OF_SERIES and len(colours):
                colour = to_hex(colours[0])
                name = _name(names, colour, "", str(cloud.get_label()))
                yield from _seen(axes, cloud, name, colour, offsets)


def _seen(
    axes: Axes, artist: Artist, name: str, colour: str, points: Float64[np.ndarray, "k 2"]
) -> Iterator[Series]:
    """Yield the series of the marks inside the panel, if there are any."""
    points = points[np.isfinite(points).all(axis=1)]
    places = axes.transData.transform(points) if len(points) else points
    height, factor = axes.figure.bbox.height, _drawn_beside(artist)
    box = axes.bbox.padded(1.0)
    readings = tuple(
        Reading(
            round(float(place[0]), 1),
            round(float(height - place[1]), 1),
            _shown(axes.xaxis, float(point[0]) / factor),
            _shown(axes.yaxis, float(point[1])),
        )
        for point, place in zip(points, places, strict=True)
        if box.contains(*place)
    )
    if readings:
        yield Series(name, colour, readings)


def _drawn_beside(artist: Artist) -> float:
    """Return by which factor the places of a series are those that are drawn."""
    gid = artist.get_gid() or ""
    return float(gid.removeprefix(BESIDE)) if gid.startswith(BESIDE) else 1.0


def _shown(axis: Axis, value: float) -> str:
    """Return a value as the axis says it: the word of its tick where ticks have words."""
    formatter, locator = axis.get_major_formatter(), axis.get_major_locator()
    if isinstance(formatter, FixedFormatter | FuncFormatter) and isinstance(locator, FixedLocator):
        ticks = _floats(axis.get_majorticklocs())
        low, high = sorted(axis.get_view_interval())
        if len(ticks):
            nearest = int(np.abs(ticks - value).argmin())
            word = formatter(ticks[nearest], nearest)
            if abs(ticks[nearest] - value) <= SAME * (high - low) and word:
                return " ".join(word.split())
    return f"{value:.4g}" if math.isfinite(value) else ""


def _colour(line: Line2D) -> str:
    colour: Any = line.get_color()
    return to_hex(colour)


def _floats(values: Any) -> Float64[np.ndarray, " k"]:
    return np.asarray(values, dtype=np.float64)


def _marker(line: Line2D) -> str:
    marker = line.get_marker()
    return "" if marker in ("", " ", "None", "none", None) else str(marker)
