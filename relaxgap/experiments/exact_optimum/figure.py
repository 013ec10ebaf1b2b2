"""Seconds to enumerate all patterns and to certify the optimum, against their number."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.style import GREY, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw medians with every seed; the dotted line has slope 1."""
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    shapes = {"$n = 2d$": summary["n"] == 2 * summary["d"], "$d = 3$": summary["d"] == 3}
    curves = {"enumerate all patterns": "enumeration_seconds", "certify $p^*$": "solve_seconds"}
    index = 0
    for what, column in curves.items():
        for shape, chosen in shapes.items():
            rows = summary[chosen].dropna(subset=[column])
            if rows.empty:
                continue
            line = "-" if column == "solve_seconds" else "--"
            name = f"{what}, {shape}"
            draw_medians(axes, rows, "n_patterns", column, index, name, linestyle=line)
            index += 1
    ends = np.array([summary["n_patterns"].min(), summary["n_patterns"].max()], dtype=float)
    axes.plot(ends, 2e-6 * ends, ":", color=GREY, linewidth=1.0, label="slope 1")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("number of activation patterns $P$")
    axes.set_ylabel("seconds (one thread)")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=3)
    most = summary["n_patterns"].max()
    seconds = summary.loc[summary["n_patterns"] == most, "enumeration_seconds"].median()
    counted = int((summary["n_patterns"] == summary["cover_count"]).sum())
    annotate(
        figure,
        f"Enumerating {most:,} patterns takes {seconds:.2g} s; the number is Cover's on {counted} "
        f"of {len(summary)} instances",
        f"{summary['data'].iloc[0]}; certified relative gap at most "
        f"{scientific(summary['relative_gap'].max())}; {summary['seed'].nunique()} seeds.",
    )
    return figure


FIGURES = {"": draw}


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
