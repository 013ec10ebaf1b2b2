"""The least norm against the rows for each feature, beside its limit."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.theory.gordon import one_sided_norm


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw one line a dimension: Lemma 2 on the left, singular values on the right."""
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    for index, (d, rows) in enumerate(summary.groupby("d")):
        draw_medians(
            left, rows[np.isfinite(rows["least_norm"])], "rho", "least_norm", index, f"$d = {d}$"
        )
        draw_medians(right, rows, "rho", "least_singular_value", index)
    rho = np.linspace(0.05, float(summary["rho"].max()), 60)
    left.plot(rho, [one_sided_norm(r) for r in rho], ":", color=GREY, label=r"limit $R(\rho)$")
    right.plot(
        rho, np.abs(np.sqrt(rho) - 1.0), "--", color=GREY, label=r"Gordon: $|\sqrt{\rho}-1|$"
    )
    label_factors(left)
    for axes in (left, right):
        axes.set_xlabel(r"rows for each feature $\rho = n/d$")
    left.set_ylabel(r"$\min \|u\|$ with $Xu \geq |Xz|$")
    right.set_ylabel(r"least singular value over $\sqrt{d}$")
    name_panels((left, right), ("Lemma 2", "Gordon's inequality"))
    handles = left.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0]
    legend_above(figure, handles, columns=6)
    annotate(
        figure,
        _title(summary),
        f"Gaussian rows; medians over {summary['seed'].nunique()} seeds, quartiles from five on.",
    )
    return figure


FIGURES = {"": draw}


def _title(summary: pd.DataFrame) -> str:
    """Say how far the medians of the largest dimension are from the limit."""
    last = summary[summary["d"] == summary["d"].max()]
    medians = last.groupby("rho")[["least_norm", "limit"]].median()
    off = float((medians["least_norm"] / medians["limit"] - 1.0).abs().max())
    return (
        f"The shortest one-sided vector follows R: at d = {summary['d'].max()} its medians are "
        f"within {100.0 * off:.0f}% of it"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by dimension and rows for each feature."""
    columns = ["least_norm", "limit", "least_singular_value", "gordon"]
    return summary.groupby(["d", "rho"])[columns].median()
