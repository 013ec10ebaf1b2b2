"""Groups and patterns in use against the strength, and the weight on relevant columns."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

NAMES = {
    "two": "two layers",
    "columns": "three layers, unit columns",
    "frobenius": "three layers, unit Frobenius norm",
}
EVERY = {"n_used": "groups in use", "n_first_patterns": "first-layer patterns in use"}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what exact optima use, and what those over sampled groups do."""
    frame = with_kind(summary)
    exact, sampled = frame[frame["n_groups"] == 0], frame[frame["n_groups"] > 0]
    figure = new_figure(5.2)
    panels: list[Axes] = figure.subplots(2, 2).ravel().tolist()
    for axes, (column, name) in zip(panels, EVERY.items(), strict=False):
        _lines(axes, exact, column, name)
    _lines(panels[2], sampled, "n_used", EVERY["n_used"])
    _lines(panels[3], sampled, "relevant_share", "weight on relevant columns")
    for axes in panels[:3]:
        axes.set_ylim(bottom=0.0)
    panels[3].set_ylim(0.0, 1.0)
    if len(sampled):
        chance = float((sampled["relevant"] / sampled["d"]).iloc[0])
        panels[3].axhline(chance, color=GREY, linestyle="--", linewidth=1.0)
        panels[3].text(
            0.02,
            chance + 0.02,
            "by chance",
            color=GREY,
            fontsize=7,
            transform=(panels[3].get_yaxis_transform()),
        )
    said = [_sizes(exact, "all groups"), _sizes(exact, "all groups")]
    said += [_sizes(sampled, "sampled groups")] * 2
    name_panels(panels, said)
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    seeds = span(frame.groupby(["kind", "n_groups", "beta_fraction"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"Labels of a three-layer teacher and noise; medians over {seeds} seeds, quartiles from "
        "five on; what is below a thousandth of the largest is not counted; optima over their "
        f"groups to {scientific(frame['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def _lines(axes: Axes, rows: pd.DataFrame, column: str, name: str) -> None:
    for index, (kind, label) in enumerate(NAMES.items()):
        draw_medians(axes, rows[rows["kind"] == kind], "beta_fraction", column, index, label)
    axes.set_xscale("log")
    if len(rows):
        ticks_at(axes, np.sort(rows["beta_fraction"].unique()))
    axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
    axes.set_ylabel(name)


def _sizes(rows: pd.DataFrame, groups: str) -> str:
    if not len(rows):
        return groups
    first = rows.iloc[0]
    return f"{groups}: n = {first['n']}, d = {first['d']}, {first['relevant']} relevant"


def with_kind(summary: pd.DataFrame) -> pd.DataFrame:
    """Add the name of each problem: two layers, or the normalisation of three."""
    return summary.assign(kind=summary["normalisation"].where(summary["m"] > 1, "two"))


def title(summary: pd.DataFrame) -> str:
    """Say how many groups are used, and where the weight is."""
    exact, sampled = summary[summary["n_groups"] == 0], summary[summary["n_groups"] > 0]
    said = []
    if len(exact):
        said.append(
            f"{len(exact)} exact optima use {span(exact['n_used'])} groups of n + 1 = "
            f"{span(exact['n'] + 1)} allowed"
        )
    if len(sampled):
        first = sampled.iloc[0]
        all_first = int((sampled["n_relevant_first"] == sampled["relevant"]).sum())
        said.append(
            f"the {first['relevant']} relevant of {first['d']} columns are the heaviest in "
            f"{all_first} of {len(sampled)} sampled ones, with "
            f"{100.0 * sampled['relevant_share'].median():.0f}% of the weight in the median"
        )
    return "; ".join(said)


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by groups, kind and strength."""
    columns = ["n_used", "n_first_patterns", "relevant_share", "n_relevant_first", "seconds"]
    keys = ["n_groups", "kind", "beta_fraction"]
    return with_kind(summary).groupby(keys, sort=False)[columns].median()
