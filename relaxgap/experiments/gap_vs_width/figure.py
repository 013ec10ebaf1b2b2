"""The paper's Figure 1: objective against sampled patterns and network width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.ratios import instance_caption, over_optimum
from relaxgap.drawing.style import GREY, new_figure

WITHIN = 1.01


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the excess over the optimum; a relaxation of P sampled patterns has up to 2 P neurons.

    Below the certified gap of the optimum an excess is not known, and is drawn there.
    """
    frame = _with_neurons(summary)
    gap = float((frame["optimum"] / frame["optimum_bound"] - 1.0).max())
    floor = max(gap, float(np.finfo(np.float64).eps))
    frame["excess"] = np.maximum(frame["ratio"] - 1.0, floor)
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    for index, method in enumerate(_methods(frame)):
        name = f"{method_name(method)}, $m$ neurons"
        if method == "relaxation":
            name = r"relaxation, $\tilde P = m/2$ gates"
        rows = frame[frame["method"] == method]
        draw_medians(axes, rows, "neurons", "excess", index, label=name)
    axes.axhline(floor, color=GREY, linestyle=":", linewidth=1.0, label="certified gap of $p^*$")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks_at(axes, np.sort(frame["neurons"].unique()))
    axes.set_xlabel("width $m$ (neurons)")
    axes.set_ylabel("objective over $p^*$, less 1")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=4)
    instance, bands = instance_caption(frame)
    count = frame["optimum"].nunique()
    shape = f"{count} instance{'s' if count > 1 else ''}, "
    shape += f"$n={frame['n'].iloc[0]}$, $d={frame['d'].iloc[0]}$"
    annotate(figure, _title(frame), f"{shape}: {instance}; {bands}.")
    return figure


FIGURES = {"": draw}


def _title(frame: pd.DataFrame) -> str:
    """Say from which width on the median of each method is within 1% of the optimum."""
    parts = []
    for method in _methods(frame):
        rows = frame[frame["method"] == method]
        medians = rows.groupby("neurons")["ratio"].median()
        near = medians.index[medians <= WITHIN]
        width = f"$m={near[0]:g}$" if len(near) else "no width tried"
        parts.append(f"{width} ({method_name(method)})")
    return "The median is within 1% of the optimum from " + ", ".join(parts)


def _methods(frame: pd.DataFrame) -> list[str]:
    return sorted(frame["method"].unique(), key=method_order)


def _with_neurons(summary: pd.DataFrame) -> pd.DataFrame:
    frame = over_optimum(summary)
    return frame.assign(neurons=frame["width"].fillna(2 * frame["n_gates"]).astype(int))


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median objective of each method and width, and the optimum."""
    frame = _with_neurons(summary)
    medians = frame.pivot_table(
        index="method", columns="neurons", values="primal_value", aggfunc="median"
    )
    medians.loc["optimum"] = frame["optimum"].median()
    return medians
