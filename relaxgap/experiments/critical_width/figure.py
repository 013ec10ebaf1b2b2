"""Widths of optimal networks against the number of samples, and how often one alone is optimal."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians, marker_of, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

LINES = ("-", ":")
"""Of the least strength and of the next one."""


def is_made(summary: pd.DataFrame) -> pd.Series:
    """Say which rows are of made instances."""
    return ~summary["data"].str.startswith("gaussian")


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the least width for each strength, uniqueness, and both widths of made instances."""
    drawn, made = summary[~is_made(summary)], summary[is_made(summary)]
    strengths = sorted(drawn["beta_fraction"].unique(), reverse=True)[:3]
    kinds = list(made["data"].drop_duplicates())
    figure = new_figure(4.6)
    panels = figure.subplots(2, 3).ravel().tolist()
    names = []
    for axes, strength in zip(panels, strengths, strict=False):
        _draw_widths(axes, drawn[drawn["beta_fraction"] == strength])
        names.append(rf"$m^*$ at $\beta = {strength:g}\,\beta_{{\max}}$")
    _draw_many(panels[len(strengths)], drawn)
    names.append("with many optimal networks")
    used = len(names)
    for axes, kind in zip(panels[used:], kinds, strict=False):
        _draw_made(axes, made[made["data"] == kind])
        names.append(f"widths of {kind}")
    for axes in panels[len(names) :]:
        axes.remove()
    panels[0].set_ylabel("neurons")
    panels[len(strengths)].set_ylabel("share of instances")
    name_panels(panels[: len(names)], names)
    legend_above(figure, _handles(drawn), columns=4)
    seeds = span(drawn.groupby(["n", "d", "beta_fraction"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"Gaussian data with noise labels, {seeds} seeds a point, medians and quartiles; grey: "
        f"$n$. In the panel of shares solid at {strengths[-1]:g}, dotted at the next strength; "
        "what is not told counts as it looks. Made instances: "
        "filled $m^*$, hollow $M^*$, grey line the rank of the columns, one place an instance.",
        f"Optima to {scientific(summary['relative_gap'].max())} or closer; both ends of $m^*$ are "
        f"equal on {int(known(summary).sum())} of {len(summary)}.",
    )
    return figure


FIGURES = {"": draw}


def known(summary: pd.DataFrame) -> pd.Series:
    """Say where the proven lower end of m* is the width of a network."""
    return summary["smallest_low"] == summary["smallest"]


def _draw_widths(axes: Axes, rows: pd.DataFrame) -> None:
    sizes = np.sort(rows["n"].unique())
    axes.plot(sizes, sizes, color=GREY, linestyle="--", linewidth=0.9)
    for index, (_, part) in enumerate(rows.groupby("d")):
        draw_medians(axes, part, "n", "smallest", index)
    ticks_at(axes, sizes)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("samples $n$")


def _draw_many(axes: Axes, rows: pd.DataFrame) -> None:
    for strength, line in zip(sorted(rows["beta_fraction"].unique()), LINES, strict=False):
        some = rows[rows["beta_fraction"] == strength]
        for index, (_, part) in enumerate(some.groupby("d")):
            shares = (part["dimension"] > 0).groupby(part["n"]).mean()
            colour, marker = colour_of(index), marker_of(index)
            axes.plot(shares.index, shares, color=colour, marker=marker, linestyle=line)
    ticks_at(axes, np.sort(rows["n"].unique()))
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("samples $n$")


def _draw_made(axes: Axes, rows: pd.DataFrame) -> None:
    ordered = rows.sort_values(["smallest", "largest", "seed"])
    places = np.arange(1, len(ordered) + 1)
    axes.plot(places, ordered["rank"], color=GREY, linestyle="--", linewidth=0.9)
    axes.plot(
        places, ordered["largest"], "s", color=colour_of(4), markerfacecolor="none", markersize=6
    )
    axes.plot(places, ordered["smallest"], "o", color=colour_of(3))
    ticks_at(axes, places[:: max(1, len(places) // 10)])
    axes.set_ylim(0.0, float(ordered["rank"].max()) + 0.8)
    axes.yaxis.set_major_locator(MultipleLocator(1.0))
    axes.set_xlabel("instance")


def _handles(drawn: pd.DataFrame) -> list[Line2D]:
    return [
        Line2D([], [], color=colour_of(index), marker=marker_of(index), label=f"$d = {d}$")
        for index, d in enumerate(sorted(drawn["d"].unique()))
    ]


def title(summary: pd.DataFrame) -> str:
    """Say how often one network alone is optimal, and how far apart both widths are."""
    drawn, made = summary[~is_made(summary)], summary[is_made(summary)]
    many, wider = drawn[drawn["unique"] == "no"], made["smallest"] < made["largest"]
    told = int((drawn["unique"] == "not told").sum())
    apart = int((many["smallest"] < many["largest"]).sum())
    return (
        f"Of {len(drawn)} Gaussian problems {len(many)} have many optimal networks ({told} are not "
        f"told), {apart or 'none'} of them with vertices of different widths; $m^* < M^*$ on "
        f"{int(wider.sum())} of {len(made)} made ones"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians of the widths, and how many instances have many optimal networks."""
    marked = summary.assign(many=summary["unique"] == "no")
    strengths = marked["beta_fraction"].astype(object)
    marked["strength"] = strengths.where(~is_made(marked), "as made")
    groups = marked.groupby(["data", "n", "d", "strength"])
    return groups.agg(
        smallest=("smallest", "median"),
        largest=("largest", "median"),
        rank=("rank", "median"),
        many=("many", "sum"),
        instances=("many", "size"),
    )
