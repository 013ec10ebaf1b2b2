"""The ratio of both optima against the fraction of noisy classes."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.marks import DOT_ALPHA, colour_of, draw_medians
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

EQUAL = 1e-6
"""Relative distance up to which both optima are called equal."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw every instance, and the medians."""
    figure = new_figure(2.9)
    axes = figure.subplots()
    axes.plot(
        summary["noise"],
        summary["ratio"],
        "o",
        color=colour_of(0),
        alpha=DOT_ALPHA,
        markersize=3.0,
    )
    draw_medians(axes, summary, "noise", "ratio", 0)
    axes.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
    axes.set_xlabel("noise on the one-hot labels, standard deviation")
    axes.set_ylabel("ReLU optimum over\nthe linear one")
    first = summary.iloc[0]
    seeds = span(summary.groupby("noise")["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"{first['data']}, n = {first['n']}, d = {first['d']}, q = {first['q']}; {seeds} seeds, "
        "medians and quartiles; the linear optimum is the soft-thresholded decomposition, the ReLU "
        f"optimum is proven to {scientific(summary['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def equal(summary: pd.DataFrame) -> pd.Series:
    """Say of each instance whether both optima are equal."""
    return summary["ratio"] <= 1.0 + EQUAL


def title(summary: pd.DataFrame) -> str:
    """Say where both optima are equal, and how far they are apart with the most noise."""
    clean, noisy = summary[summary["noise"] == 0.0], summary[summary["noise"] > 0.0]
    most = summary[summary["noise"] == summary["noise"].max()]
    return (
        f"Without noise the soft-thresholded SVD is the optimum on {int(equal(clean).sum())} of "
        f"{len(clean)} instances, with noise on {int(equal(noisy).sum())} of {len(noisy)}; with "
        f"noise of {most['noise'].iloc[0]:g} ReLU networks lose "
        f"{100.0 * (most['ratio'].median() - 1.0):.2g}% to linear ones in the median"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by noise."""
    return summary.groupby("noise")[["ratio", "width", "relative_gap", "seconds"]].median()
