"""The error against the number of steps, on logarithmic axes, with the rate 1/k."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

NAMES = {
    "plain": "plain steps, total norm known",
    "corrective": "fully corrective, polished (ours)",
}
FLOOR = 1e-10
"""Errors below it are drawn there: the optimum itself is known no better."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw one line an instance."""
    figure = new_figure(3.2)
    axes = figure.subplots()
    for index, (method, name) in enumerate(NAMES.items()):
        rows = summary[summary["method"] == method]
        for k, (_, run) in enumerate(rows.groupby("cell", sort=False)):
            axes.plot(
                run["step"],
                run["error"].clip(lower=FLOOR),
                "-o",
                color=colour_of(index),
                alpha=0.7,
                markersize=2.5,
                linewidth=1.0,
                label=name if k == 0 else None,
            )
    plain = summary[summary["method"] == "plain"]
    steps = np.array([1.0, float(plain["step"].max())])
    at = float(plain[plain["step"] == 1]["error"].median())
    axes.plot(steps, at / steps, ":", color=GREY, linewidth=1.0, label="rate $1/k$")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("steps $k$: calls of the oracle over all cells")
    axes.set_ylabel("value over the optimum, less 1")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=3)
    first = summary.iloc[0]
    annotate(
        figure,
        title(summary),
        f"{first['data']}, n = {first['n']}, d = {first['d']}, q = {first['q']}; "
        f"{span(summary.groupby('method')['cell'].nunique())} instances; errors below "
        "$10^{-10}$ are drawn there.",
    )
    return figure


FIGURES = {"": draw}


def last_errors(summary: pd.DataFrame, method: str) -> pd.Series:
    """Return the error of each instance after the last step of a method."""
    return summary[summary["method"] == method].groupby("cell")["error"].last()


def title(summary: pd.DataFrame) -> str:
    """Say how far both methods come."""
    plain, ours = last_errors(summary, "plain"), last_errors(summary, "corrective")
    steps = int(summary[summary["method"] == "plain"]["step"].max())
    most = summary[summary["method"] == "corrective"].groupby("cell")["step"].max()
    return (
        f"After {steps:,} plain steps the value is still {100.0 * plain.median():.2g}% above the "
        f"optimum in the median; fully corrective ones are within {scientific(ours.max())} after "
        f"{most.min()} to {most.max()}"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over instances by method and step."""
    return summary.groupby(["method", "step"])[["error", "seconds"]].median()
