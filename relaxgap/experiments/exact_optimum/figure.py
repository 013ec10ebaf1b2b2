"""Seconds to enumerate all patterns and to certify the optimum, against their number."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.marks import draw_range, extremes
from relaxgap.drawing.style import caption, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw medians with the range over seeds; the dotted line has slope 1."""
    figure = new_figure(6.6, 4.3)
    axes = figure.add_subplot()
    shapes = {"$n = 2d$": summary["n"] == 2 * summary["d"], "$d = 3$": summary["d"] == 3}
    curves = {"enumerate all patterns": "enumeration_seconds", "certify $p^*$": "solve_seconds"}
    index = 0
    for what, column in curves.items():
        for shape, chosen in shapes.items():
            rows = summary[chosen].dropna(subset=[column])
            if rows.empty:
                continue
            draw_range(
                axes,
                extremes(rows.set_index("n_patterns")[column], "n_patterns"),
                index,
                linestyle="-" if column == "solve_seconds" else "--",
                label=f"{what}, {shape}",
            )
            index += 1
    ends = np.array([summary["n_patterns"].min(), summary["n_patterns"].max()], dtype=float)
    axes.plot(ends, 2e-5 * ends, ":", color="black", linewidth=1, label="slope 1")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("number of activation patterns $P$")
    axes.set_ylabel("seconds (one thread)")
    axes.legend(loc="upper left")
    worst = summary["relative_gap"].max()
    fractions = f"{summary['data'].iloc[0]}; certified relative gap at most {worst:.0e}"
    caption(figure, fractions, f"median and range over {summary['seed'].nunique()} seeds")
    return figure


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size."""
    columns = {
        "n_patterns": "n_patterns",
        "cover_count": "cover_count",
        "enumeration_seconds": "enumerate_s",
        "enumeration_megabytes": "enumerate_MB",
        "solve_seconds": "solve_s",
        "n_iterations": "iterations",
        "relative_gap": "relative_gap",
    }
    return summary.groupby(["n", "d"])[list(columns)].median().rename(columns=columns)
