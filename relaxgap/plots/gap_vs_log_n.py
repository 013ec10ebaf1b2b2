"""Relaxation and gradient methods over the certified optimum, against log n."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.plots.ratios import LABELS, instance_caption, over_optimum, series_of
from relaxgap.plots.style import caption, draw_band, new_figure


def draw(summary: pd.DataFrame) -> Figure:
    """Draw the ratios; the dashed reference is the growth Theorem 1 allows."""
    frame = over_optimum(summary)
    frame["log_n"] = np.log(frame["n"])
    figure = new_figure(6.6, 4.5)
    axes = figure.add_subplot()
    for index, (name, rows) in enumerate(series_of(frame)):
        # one value a seed: the median over its random starts
        seeds = rows.groupby(["log_n", "seed"])["ratio"].median().reset_index()
        draw_band(axes, seeds, "log_n", "ratio", name, index)
    sizes = np.sort(frame["n"].unique())
    grid = np.linspace(np.log(sizes[0]), np.log(sizes[-1]), 100)
    axes.plot(
        grid,
        np.sqrt(np.log(2.0) + grid),
        "--",
        color="black",
        label=r"$\sqrt{\log 2n}$ (Theorem 1, constant 1)",
    )
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.set_xticks(np.log(sizes), [f"{np.log(n):.2f}\n$n={n}$" for n in sizes])
    axes.set_xlabel(r"$\log n$")
    axes.set_ylabel(r"value over the certified optimum $p^*$")
    axes.legend(loc="best")
    caption(figure, *instance_caption(frame))
    return figure


def table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the median ratio of each series and size."""
    frame = over_optimum(summary)
    frame["series"] = frame["method"].map(LABELS.get).fillna(frame["method"])
    frame["series"] = frame["series"] + frame["size_rule"].map(lambda rule: f" ({rule})")
    return frame.pivot_table(index="series", columns="n", values="ratio", aggfunc="median")
