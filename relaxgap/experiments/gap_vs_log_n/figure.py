"""Relaxation and gradient methods over the certified optimum, against log n."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_band, quartiles
from relaxgap.drawing.methods import method_names
from relaxgap.drawing.ratios import instance_caption, over_optimum, series_of
from relaxgap.drawing.style import caption, new_figure

FLOOR = 1e-6
"""Excess below this is drawn here: it is about the certified accuracy of the optimum."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratios, and on the right their excess over 1 on a logarithmic axis.

    The dashed reference is the growth Theorem 1 allows, with constant 1.
    """
    frame = over_optimum(summary)
    frame["log_n"] = np.log(frame["n"])
    figure = new_figure(9.6, 4.9)
    left, right = figure.subplots(1, 2)
    for index, (name, rows) in enumerate(series_of(frame)):
        # one value a seed: the median over its random starts
        seeds = rows.groupby(["log_n", "seed"])["ratio"].median().reset_index()
        seeds["excess"] = np.maximum(seeds["ratio"] - 1.0, FLOOR)
        draw_band(left, quartiles(seeds, "log_n", "ratio"), index, label=name)
        draw_band(right, quartiles(seeds, "log_n", "excess"), index)
    sizes = np.sort(frame["n"].unique())
    grid = np.linspace(np.log(sizes[0]), np.log(sizes[-1]), 100)
    reference = np.sqrt(np.log(2.0) + grid)
    label = r"$\sqrt{\log 2n}$ (Theorem 1, constant 1)"
    left.plot(grid, reference, "--", color="black", label=label)
    right.plot(grid, reference - 1.0, "--", color="black")
    left.axhline(1.0, color="black", linewidth=0.8)
    left.set_ylabel(r"value over the certified optimum $p^*$")
    right.set_yscale("log")
    right.set_ylabel(r"excess over the certified optimum, value$/p^* - 1$")
    for axes in (left, right):
        axes.set_xticks(np.log(sizes), [f"{np.log(n):.2f}\n{n}" for n in sizes])
        axes.set_xlabel(r"$\log n$ (second line: $n$)")
    legend_above(figure, left.get_legend_handles_labels()[0], columns=4)
    instances, bands = instance_caption(frame)
    caption(figure, instances, f"{bands}; an excess below {FLOOR:.0e} is drawn there")
    return figure


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median ratio of each series and size."""
    frame = over_optimum(summary)
    frame["series"] = method_names(frame["method"]) + frame["size_rule"].map(
        lambda rule: f" ({rule})"
    )
    return frame.pivot_table(index="series", columns="n", values="ratio", aggfunc="median")
