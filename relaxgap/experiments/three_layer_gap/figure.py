"""Three-layer optima over the two-layer one, by labels and strength."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

SERIES = {
    "scaled_columns": r"unit columns at $\sqrt{m_1}\,\beta$: depth alone",
    "frobenius": r"unit Frobenius norm at $\beta$",
    "columns": r"unit columns at $\beta$",
}
ORDER = ("columns", "frobenius", "scaled_columns", "two")
"""Optima, none above the next."""
LABELS = {
    "noise": "noise",
    "xor": r"$\mathrm{sign}(x_1 x_2)$",
    "kinks": r"$|x_1| - |x_2|$",
    "planted": "three-layer teacher",
}
LOWER = 1e-3
"""Relative distance below the two-layer optimum from which on depth is said to gain."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each kind of labels."""
    frame = with_ratios(summary)
    kinds = list(frame["labels"].drop_duplicates())
    rows_of_panels = -(-len(kinds) // 2)
    figure = new_figure(1.5 + 1.8 * rows_of_panels)
    every = figure.subplots(rows_of_panels, min(len(kinds), 2), squeeze=False, sharey=True)
    panels: list[Axes] = every.ravel().tolist()
    for unused in panels[len(kinds) :]:
        unused.remove()
    panels = panels[: len(kinds)]
    for axes, kind in zip(panels, kinds, strict=True):
        rows = frame[frame["labels"] == kind]
        for index, (column, name) in enumerate(SERIES.items()):
            draw_medians(axes, rows, "beta_fraction", f"{column}_ratio", index, name)
        axes.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
        axes.set_xscale("log")
        ticks_at(axes, np.sort(frame["beta_fraction"].unique()))
    for axes in panels[-2:]:
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$ of two layers")
    for axes in every[:, 0]:
        axes.set_ylabel("over the\ntwo-layer optimum")
    name_panels(panels, [f"labels: {LABELS[kind]}" for kind in kinds])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    first = frame.iloc[0]
    seeds = span(frame.groupby(["labels", "beta_fraction", "n"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"Gaussian rows, n = {span(frame['n'])}, d = {first['d']}, $m_1 = {first['m']}$; medians "
        f"over {seeds} seeds, quartiles from five on; every optimum to "
        f"{scientific(frame['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Add the upper end of every three-layer bracket over that of two layers."""
    ratios = {f"{name}_ratio": summary[f"{name}_value"] / summary["two_value"] for name in SERIES}
    return summary.assign(**ratios)


def gains(summary: pd.DataFrame, name: str) -> pd.Series:
    """Say of each row whether a three-layer optimum is below that of two layers by `LOWER`."""
    return summary[f"{name}_value"] <= (1.0 - LOWER) * summary["two_bound"]


def title(summary: pd.DataFrame) -> str:
    """Say how often depth alone gains, and how much in the median, by labels."""
    frame = with_ratios(summary).assign(gained=gains(summary, "scaled_columns"))
    names = {"noise": "noise", "xor": "XOR", "kinks": "$|x_1| - |x_2|$", "planted": "a teacher's"}
    said = []
    for kind, rows in frame.groupby("labels", sort=False):
        median = max(100.0 * (1.0 - rows["scaled_columns_ratio"].median()), 0.0)
        said.append(
            f"{names[str(kind)]} {int(rows['gained'].sum())} of {len(rows)} (median {median:.1f}%)"
        )
    return (
        f"Problems on which depth alone lowers the optimum by {LOWER:.1%} or more: labels "
        f"{', '.join(said)}"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by labels and strength."""
    columns = [f"{name}_ratio" for name in SERIES]
    keys = ["labels", "n", "beta_fraction"]
    return with_ratios(summary).groupby(keys, sort=False)[[*columns, "seconds"]].median()
