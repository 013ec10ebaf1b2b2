"""The marks that panels are made of: bands over seeds and ranges, first as numbers, then drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from relaxgap.drawing.style import COLOURS, MARKERS

BAND_ALPHA = 0.18


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


def extremes(values: pd.Series, by: str) -> Band:
    """Return the median and the range of the values by a column or a level of their index."""
    found = values.groupby(by).agg(["min", "median", "max"])
    low, middle, high = (
        found[part].to_numpy(dtype=np.float64) for part in ("min", "median", "max")
    )
    return Band(found.index.to_numpy(dtype=np.float64), low, middle, high)


def draw_band(axes: Axes, band: Band, index: int, alpha: float = BAND_ALPHA, **look: Any) -> None:
    """Draw a line with the area around it, in the look of a series but for what is given."""
    look = {"color": colour_of(index), "marker": marker_of(index)} | look
    axes.plot(band.places, band.middle, **look)
    axes.fill_between(
        band.places, band.low, band.high, color=look["color"], alpha=alpha, linewidth=0
    )


def draw_range(axes: Axes, band: Band, index: int, **look: Any) -> None:
    """Draw a line with whiskers to the ends of the range, in the look of a series."""
    look = {"color": colour_of(index), "marker": marker_of(index)} | look
    whiskers = [band.middle - band.low, band.high - band.middle]
    axes.errorbar(band.places, band.middle, yerr=whiskers, capsize=2, **look)


def ticks_at(axes: Axes, values: Sequence[float] | np.ndarray, form: str = "g") -> None:
    """Put the ticks of the x-axis at the values that there are, and at no others."""
    axes.set_xticks(values, [format(value, form) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
