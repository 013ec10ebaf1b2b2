"""The marks that panels are made of: bands and dots over seeds, first as numbers, then drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from relaxgap.drawing.style import COLOURS, MARKERS

BAND_ALPHA = 0.18
DOT_ALPHA = 0.6
MIN_FACTORS, MAX_FACTORS = 3, 9
BESIDE = "beside "
FEWEST_FOR_QUARTILES = 5
"""Of fewer values each is drawn: their quartiles are made of two or three of them."""


def colour_of(index: int) -> str:
    """Return the colour of the series of this number; the cycle starts again at its end."""
    return COLOURS[index % len(COLOURS)]


def marker_of(index: int) -> str:
    """Return the marker of the series of this number; the cycle starts again at its end."""
    return MARKERS[index % len(MARKERS)]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Hold a line of middle values and the area around it."""

    places: Float64[np.ndarray, " k"]
    low: Float64[np.ndarray, " k"]
    middle: Float64[np.ndarray, " k"]
    high: Float64[np.ndarray, " k"]


def quartiles(frame: pd.DataFrame, x: str, y: str) -> Band:
    """Return the median and the quartiles of ``y`` for each ``x``."""
    found = frame.groupby(x)[y].quantile(np.array([0.25, 0.5, 0.75])).unstack()
    low, middle, high = (found[part].to_numpy(dtype=np.float64) for part in (0.25, 0.5, 0.75))
    return Band(found.index.to_numpy(dtype=np.float64), low, middle, high)


def draw_band(axes: Axes, band: Band, index: int, alpha: float = BAND_ALPHA, **look: Any) -> None:
    """Draw a line with the area around it, in the look of a series but for what is given."""
    look = {"color": colour_of(index), "marker": marker_of(index)} | look
    axes.plot(band.places, band.middle, **look)
    axes.fill_between(
        band.places, band.low, band.high, color=look["color"], alpha=alpha, linewidth=0
    )


def draw_medians(
    axes: Axes, frame: pd.DataFrame, x: str, y: str, index: int, label: str = "", **look: Any
) -> None:
    """Draw the medians of ``y`` for each ``x`` in the look of a series, and the spread around them.

    The spread is the quartiles, or every value as a dot where some place has fewer than five.
    """
    if frame.empty:
        return
    band = quartiles(frame, x, y)
    if frame.groupby(x).size().min() >= FEWEST_FOR_QUARTILES:
        draw_band(axes, band, index, label=label or None, **look)
        return
    look = {"color": colour_of(index), "marker": marker_of(index)} | look
    dots = {"color": look["color"], "marker": look["marker"], "alpha": DOT_ALPHA, "linewidth": 0}
    face = look.get("markerfacecolor")
    edge = {"markeredgewidth": 0} if face is None else {"markerfacecolor": face}
    axes.plot(frame[x], frame[y], **dots, **edge)
    axes.plot(band.places, band.middle, **(look | {"marker": ""}))
    # the legend shows what the data look like, line and dot
    axes.plot([], [], **look, label=label or None)


def beside(factor: float) -> str:
    """Return the ``gid`` of marks that are drawn at a factor times their places, to be told apart.

    A page says by it where they belong.
    """
    return f"{BESIDE}{factor!r}"


def ticks_at(axes: Axes, values: Sequence[float] | np.ndarray, form: str = "g") -> None:
    """Put the ticks of the x-axis at the values that there are, and at no others."""
    axes.set_xticks(values, [format(value, form) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


PLAIN = (
    0.1,
    0.2,
    0.3,
    0.5,
    1,
    2,
    3,
    5,
    10,
    20,
    30,
    50,
    100,
    200,
    300,
    500,
    1000,
    2000,
    5000,
    10000,
)


def label_factors(axes: Axes) -> None:
    """Make the y-axis logarithmic, with plain numbers on it; to be called last on a panel."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = [value for value in PLAIN if low <= value <= high]
    while len(ticks) > MAX_FACTORS:
        ticks = ticks[::2]
    if len(ticks) < MIN_FACTORS:
        tried = MaxNLocator(6).tick_values(low, high)
        ticks = [value for value in tried if low <= value <= high]
    axes.set_yticks(ticks, [f"{value:,g}" for value in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
