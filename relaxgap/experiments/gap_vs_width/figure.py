"""The paper's Figure 1: objective against sampled patterns and network width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.marks import draw_band, quartiles
from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.ratios import instance_caption, over_optimum
from relaxgap.drawing.style import caption, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the objective; a relaxation of P sampled patterns has up to 2 P neurons."""
    frame = over_optimum(summary)
    frame["neurons"] = frame["width"].fillna(2 * frame["n_gates"])
    figure = new_figure(6.6, 4.5)
    axes = figure.add_subplot()
    for index, method in enumerate(sorted(frame["method"].unique(), key=method_order)):
        name = f"{method_name(method)}, $m$ neurons"
        if method == "relaxation":
            name = r"relaxation of $\tilde P = m/2$ gates, up to $m$ neurons"
        rows = frame[frame["method"] == method]
        draw_band(axes, quartiles(rows, "neurons", "primal_value"), index, label=name)
    optimum = frame["optimum"].median()
    axes.axhline(optimum, color="black", linestyle="--", label=r"certified optimum $p^*$")
    axes.set_xscale("log", base=2)
    widths = np.sort(frame["neurons"].unique())
    axes.set_xticks(widths, [f"{width:g}" for width in widths])
    axes.set_xlabel(r"width $m$ (neurons)")
    axes.set_ylabel("training objective")
    axes.legend(loc="upper right")
    instance, bands = instance_caption(frame)
    shape = f"one instance, $n={frame['n'].iloc[0]}$, $d={frame['d'].iloc[0]}$"
    caption(figure, f"{shape}: {instance}", bands)
    return figure


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median objective of each method and width, and the optimum."""
    frame = over_optimum(summary)
    frame["neurons"] = frame["width"].fillna(2 * frame["n_gates"]).astype(int)
    medians = frame.pivot_table(
        index="method", columns="neurons", values="primal_value", aggfunc="median"
    )
    medians.loc["optimum"] = frame["optimum"].median()
    return medians
