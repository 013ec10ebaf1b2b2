"""Test error against the strength, both ways, one panel a table."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

NAMES = {"together": "one program of all classes", "each": "one program for each class"}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each table."""
    tables = list(summary["data"].drop_duplicates())
    figure = new_figure(3.1)
    panels = figure.subplots(1, len(tables), squeeze=False)[0].tolist()
    for axes, table_name in zip(panels, tables, strict=True):
        for index, (method, name) in enumerate(NAMES.items()):
            rows = summary[(summary["data"] == table_name) & (summary["method"] == method)]
            draw_medians(axes, rows, "beta_fraction", "test_error", index, name)
        axes.set_xscale("log")
        ticks_at(axes, np.sort(summary["beta_fraction"].unique()))
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
    panels[0].set_ylabel("classified wrong")
    sizes = summary.groupby("data")["n"].first()
    name_panels(panels, [f"{name}, {sizes[name]} rows" for name in tables])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=2)
    annotate(
        figure,
        title(summary),
        f"Squared loss of one-hot labels, the same gates; medians over "
        f"{span(summary.groupby('data')['seed'].nunique())} splits, quartiles from five on; "
        f"programs to {scientific(summary['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def best_errors(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the least median error over strengths, one row a table, one column a method."""
    medians = summary.groupby(["data", "method", "beta_fraction"], sort=False)[
        "test_error"
    ].median()
    return medians.groupby(level=["data", "method"], sort=False).min().unstack()


def title(summary: pd.DataFrame) -> str:
    """Compare the least errors, table by table."""
    best = best_errors(summary)
    said = ", ".join(
        f"{name} {100.0 * row['together']:.1f}% against {100.0 * row['each']:.1f}%"
        for name, row in best.iterrows()
    )
    return f"Least median test error of one program of all classes against one for each: {said}"


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over splits by table, method and strength."""
    columns = ["test_error", "seconds", "n_blocks", "relative_gap"]
    return summary.groupby(["data", "method", "beta_fraction"], sort=False)[columns].median()
