"""Cones a minute against the number of samples."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure

OURS, CONIC = "ours", "clarabel"


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw our speed at each tolerance above that of the conic solver."""
    figure = new_figure(3.0)
    axes = figure.add_subplot()
    ours = summary[summary["method"] == OURS]
    for index, (tolerance, rows) in enumerate(ours.groupby("tolerance", sort=False)):
        label = f"brackets of relative width {scientific(float(str(tolerance)))} (ours)"
        draw_medians(axes, rows, "n", "cones_a_minute", index, label)
    conic = summary[summary["method"] == CONIC]
    draw_medians(axes, conic, "n", "cones_a_minute", 2, "Clarabel, one cone after another")
    axes.set_yscale("log")
    axes.set_ylabel("cones a minute")
    label_sizes(axes, np.sort(summary["n"].unique()))
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=2)
    gains = gains_of(summary)
    annotate(
        figure,
        f"Certified brackets of $C(K, z)$ come {gains.min():.0f} to {gains.max():.0f} times as "
        "fast as conic solves",
        f"{summary['data'].iloc[0].split(',')[0].capitalize()} rows, n = 2d, Gaussian gates and "
        f"directions; {ours['n_cones'].max()} cones a call, {conic['n_cones'].max()} of Clarabel; "
        f"one thread, medians of {summary['n_repeats'].min()} calls, {summary['seed'].nunique()} "
        "seeds.",
    )
    return figure


FIGURES = {"": draw}


def gains_of(summary: pd.DataFrame) -> pd.Series:
    """Return our speed at the largest tolerance over the conic solver's, for each data matrix."""
    keys = ["n", "d", "seed"]
    ours = summary[summary["method"] == OURS]
    ours = ours[ours["tolerance"] == ours["tolerance"].max()].set_index(keys)["cones_a_minute"]
    conic = summary[summary["method"] == CONIC].set_index(keys)["cones_a_minute"]
    gains: pd.Series = ours / conic
    return gains


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return cones a minute, and the widest bracket."""
    tolerance = summary["tolerance"].astype(object).fillna("its own")
    keys = ["n", "method", "tolerance"]
    frame = summary.assign(tolerance=tolerance)
    return frame.groupby(keys, sort=False)[["cones_a_minute", "widest"]].median()
