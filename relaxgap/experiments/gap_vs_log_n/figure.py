"""Relaxation and gradient methods over the certified optimum, at sizes that are enumerated."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.methods import method_names
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.ratios import instance_caption, over_optimum, series_of
from relaxgap.drawing.strengths import (
    at_common_sizes,
    draw_strengths,
    of_main_strength,
    strengths_of,
    strengths_title,
)
from relaxgap.drawing.style import new_figure

FLOOR = 1e-6
"""Excess below this is drawn here: it is about the certified accuracy of the optimum."""
WITHIN = 1.01
"""A run of training is near the optimum if it ends at this multiple of it, or below."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw how far relaxations are above the optimum, and how often training ends near it."""
    frame = of_main_strength(over_optimum(summary))
    frame["excess"] = np.maximum(frame["ratio"] - 1.0, FLOOR)
    frame["near"] = 100.0 * (frame["ratio"] <= WITHIN)
    relaxed = frame[frame["method"] == "relaxation"]
    trained = frame[frame["method"] != "relaxation"]
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2)
    for index, (name, rows) in enumerate(series_of(relaxed)):
        draw_medians(left, rows, "n", "excess", index, label=name.removeprefix("relaxation, "))
    n_rules = relaxed["size_rule"].nunique()
    for index, (name, rows) in enumerate(series_of(trained)):
        shares = rows.groupby("n")["near"].mean().reset_index()
        draw_medians(right, shares, "n", "near", n_rules + index, label=name)
    left.set_yscale("log")
    left.set_ylabel("value over $p^*$, less 1")
    right.set_ylabel("runs within 1% of $p^*$, %")
    right.set_ylim(-3.0, 103.0)
    for axes in (left, right):
        ticks_at(axes, np.sort(frame["n"].unique()))
        axes.set_xlabel("samples $n$")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right")
    name_panels((left, right), ("relaxations over sampled gates", "training"))
    instances, bands = instance_caption(frame)
    annotate(figure, _title(relaxed, trained), f"{instances}; {bands}.", _floor_note(left))
    return figure


def draw_by_strength(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratios of each series at every strength."""
    frame = at_common_sizes(over_optimum(summary))
    figure = draw_strengths(frame, "ratio")
    annotate(figure, strengths_title(frame, "ratio"), "; ".join(instance_caption(frame)) + ".")
    return figure


FIGURES = {"": draw, "strengths": draw_by_strength}


def _title(relaxed: pd.DataFrame, trained: pd.DataFrame) -> str:
    """Say how near the relaxation of most gates and training are over all sizes."""
    parts = []
    if len(relaxed):
        medians = relaxed.groupby(["n", "size_rule"])["ratio"].median().groupby("n").min()
        above = 100.0 * (medians.max() - 1.0)
        parts.append(f"the best relaxation is at most {above:.1f}% above the optimum (median)")
    if len(trained):
        parts.append(f"{trained['near'].mean():.0f}% of training runs are within 1%")
    sizes = pd.concat([relaxed, trained])["n"]
    return f"At $n={sizes.min()}$ to {sizes.max()}, " + ", ".join(parts)


def _floor_note(axes: Axes) -> str:
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    reached = len(drawn) and np.min(drawn, initial=1.0) <= FLOOR
    return f"An excess below {scientific(FLOOR)} is drawn there." if reached else ""


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median ratio of each strength, series and size."""
    frame = over_optimum(summary)
    frame["series"] = method_names(frame["method"]) + frame["size_rule"].map(
        lambda rule: f" ({rule})"
    )
    frame["strength"] = strengths_of(frame)
    index = ["strength", "series"]
    return frame.pivot_table(index=index, columns="n", values="ratio", aggfunc="median")
