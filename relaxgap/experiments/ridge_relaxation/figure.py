"""The number of gates times the optimum, over its limit."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.style import GREY, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw one line a size, and the theorem's band at the largest."""
    frame = scaled(summary)
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    for index, (n, rows) in enumerate(frame.groupby("n")):
        draw_medians(axes, rows, "n_gates", "scaled", index, f"$n = {n}$")
    largest = frame[frame["n"] == frame["n"].max()].groupby("n_gates")[["low", "high"]].median()
    axes.plot(largest.index, largest["low"], "--", color=GREY, linewidth=1.0)
    axes.plot(
        largest.index,
        largest["high"],
        "--",
        color=GREY,
        linewidth=1.0,
        label=f"Theorem 4, $n = {frame['n'].max()}$",
    )
    axes.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0, label="limit")
    axes.set_xscale("log")
    label_factors(axes)
    axes.set_xlabel(r"gates $\tilde P$, repeats kept")
    axes.set_ylabel(r"$\tilde P \cdot$ optimum over $\beta\, y^\top M^{-1} y$")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=4)
    annotate(
        figure,
        _title(frame),
        f"{summary['data'].iloc[0]}, $n = 2d$, beta = {summary['beta'].iloc[0]:g}; medians over "
        f"{summary['seed'].nunique()} seeds, quartiles from five on; closed form, no solver.",
    )
    return figure


FIGURES = {"": draw}


def scaled(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with value and bounds times the number of gates over the limit."""
    factor = summary["n_gates"] / summary["limit"]
    return summary.assign(
        scaled=factor * summary["value"],
        low=factor * summary["lower"],
        high=factor * summary["upper"],
    )


def _title(frame: pd.DataFrame) -> str:
    """Count the values within the theorem's bounds, and say how near the limit the last are."""
    within = (frame["lower"] <= frame["value"]) & (frame["value"] <= frame["upper"])
    last = frame[frame["n_gates"] == frame["n_gates"].max()]
    asked = frame["enough_gates"]
    of_these = f"{int((within & asked).sum())} of {int(asked.sum())}"
    off = float((last["scaled"] - 1.0).abs().max())
    return (
        f"The optimum falls like one over the number of gates: {int(within.sum())} of {len(frame)} "
        f"values are within Theorem 4's bounds, {of_these} with as many gates as it asks for, and "
        f"with {frame['n_gates'].max():,} gates all are within {100.0 * off:.0f}% of the limit"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size and number of gates."""
    columns = ["value", "scaled", "low", "high"]
    return scaled(summary).groupby(["n", "n_gates"])[columns].median()
