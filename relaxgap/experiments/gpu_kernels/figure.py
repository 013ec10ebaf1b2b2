"""How much faster the passes are on the device than on one thread, against the number of rows."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure

CPU, MEASURED = "cpu", "measured"
PASS = ["kernel", "n", "d", "n_gates", "seed"]


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the seconds of each pass on the left and what the device gains on the right."""
    measured = summary[summary["status"] == MEASURED]
    gains = gains_of(summary)
    figure = new_figure(3.2)
    panels = figure.subplots(1, 1 if gains.empty else 2, squeeze=False)[0]
    for index, (kernel, rows) in enumerate(measured.groupby("kernel", sort=False)):
        for (device, dtype), some in rows.groupby(["device", "dtype"], sort=False):
            place = "one thread" if device == CPU else f"{device}, {dtype}"
            look = {"linestyle": ":"} if device == CPU else _look(str(dtype))
            draw_medians(panels[0], some, "n", "seconds", index, f"{kernel}, {place}", **look)
        for dtype, some in gains[gains["kernel"] == kernel].groupby("dtype"):
            draw_medians(panels[-1], some, "n", "gain", index, **_look(str(dtype)))
    panels[0].set_ylabel("seconds a pass")
    if not gains.empty:
        panels[-1].axhline(1.0, color=GREY, linestyle="--", linewidth=1.0)
        panels[-1].set_ylabel("times as fast as one thread")
    for axes in panels:
        label_factors(axes)
        label_sizes(axes, np.sort(summary["n"].unique()))
    name_panels(panels, ("a pass over the rows", "gain")[: len(panels)])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    annotate(figure, _title(gains), _caption(summary))
    return figure


def _look(dtype: str) -> dict[str, Any]:
    return {"markerfacecolor": "white"} if dtype == "float32" else {}


FIGURES = {"": draw}


def gains_of(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows measured on the device with ``gain``, seconds of the CPU over theirs."""
    measured = summary[summary["status"] == MEASURED]
    thread = measured[measured["device"] == CPU].set_index(PASS)["seconds"]
    found = measured[measured["device"] != CPU].copy()
    found["gain"] = (
        thread.reindex(pd.MultiIndex.from_frame(found[PASS])).to_numpy() / found["seconds"]
    )
    return found


def _title(gains: pd.DataFrame) -> str:
    if gains.empty:
        return "Passes over tall data in one thread; no device was at hand to compare with"
    errors = gains.groupby("dtype")["relative_error"].max()
    said = " and ".join(f"{error:.0e} in {dtype}" for dtype, error in errors.items())
    return (
        f"A pass over tall data takes a device {gains['gain'].min():.0f} to "
        f"{gains['gain'].max():.0f} times less than one thread, with relative errors up to {said}"
    )


def _caption(summary: pd.DataFrame) -> str:
    counts = sorted(summary["n_gates"].unique())
    versions = [text for text in summary["version"].dropna().unique() if text]
    return (
        f"{summary['data'].iloc[0].split(',')[0].capitalize()} rows, d = {summary['d'].iloc[0]}, "
        f"{' and '.join(str(count) for count in counts)} patterns; data and bits are where they "
        f"are used before. {'; '.join(versions)}."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return seconds, errors and speeds of every pass."""
    frame = summary.assign(gigaflops_a_second=summary["gigaflops"] / summary["seconds"])
    keys = ["kernel", "n", "device", "dtype", "status"]
    return frame.groupby(keys, sort=False)[
        ["seconds", "relative_error", "gigaflops_a_second"]
    ].median()
