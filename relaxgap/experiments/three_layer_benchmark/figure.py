"""Seconds of every instance, one line for each size."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

NAMES = {"columns": "unit columns", "frobenius": "Frobenius norm"}
SMALL = 6.5
SIZE = ["n_groups", "n", "d", "m", "beta_fraction"]
"""What one line of the figure shares."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a mark for every instance, filled where the gap was reached."""
    rows = in_order(summary)
    lines = rows.drop_duplicates("place")
    figure = new_figure(1.2 + 0.24 * len(lines))
    axes = figure.add_subplot()
    for index, (normalisation, name) in enumerate(NAMES.items()):
        some = rows[rows["normalisation"] == normalisation]
        # one above the other
        heights = some["place"] + 0.15 - 0.3 * index
        for solved in (True, False):
            part = (some["status"] == "solved") == solved
            if part.any():
                axes.plot(
                    some["seconds"][part],
                    heights[part],
                    "os"[index],
                    color=f"C{index}",
                    markersize=4,
                    markerfacecolor=f"C{index}" if solved else "white",
                    label=name if solved else None,
                )
    axes.set_xscale("log")
    axes.set_xlabel("seconds, one thread")
    axes.set_yticks(lines["place"], [_name(row) for _, row in lines.iterrows()])
    axes.tick_params(axis="y", labelsize=SMALL)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.grid(axis="x", alpha=0.3)
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=2)
    annotate(figure, title(summary), note(summary))
    return figure


FIGURES = {"": draw}


def in_order(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by size, each with the place of its size from below."""
    rows = summary.sort_values([*SIZE, "normalisation", "seed"], ignore_index=True)
    place = rows.groupby(SIZE, sort=True).ngroup()
    return rows.assign(place=place.max() - place)


def _name(row: pd.Series) -> str:
    groups = f"{int(row['n_groups'])} groups" if row["n_groups"] else "all groups"
    return (
        f"{groups}, n = {int(row['n'])}, d = {int(row['d'])}, $m_1$ = {int(row['m'])}, "
        f"{row['beta_fraction']:g} $\\beta_{{\\max}}$"
    )


def title(summary: pd.DataFrame) -> str:
    """Say how many brackets closed, and how long the slowest took."""
    said = []
    for sampled, name in ((False, "all"), (True, "sampled")):
        rows = summary[(summary["n_groups"] > 0) == sampled]
        if len(rows):
            solved = rows[rows["status"] == "solved"]
            said.append(
                f"over {name} groups {len(solved)} of {len(rows)} reach {gaps(rows)}"
                + (f", in {solved['seconds'].max():.2g} s or less" if len(solved) else "")
            )
    return f"Certified optima of three layers: {'; '.join(said)}"


def gaps(rows: pd.DataFrame) -> str:
    """Return the relative gaps that were asked for."""
    return " or ".join(scientific(rtol) for rtol in sorted(rows["rtol"].unique()))


def note(summary: pd.DataFrame) -> str:
    """Say what was measured how."""
    seeds = span(summary.groupby([*SIZE, "normalisation"])["seed"].nunique())
    return (
        f"Gaussian rows, noise labels; a mark an instance, {seeds} of each size: the median of "
        f"{summary['n_repeats'].min()} calls, critical strength included, one thread. Hollow: the "
        "gap asked for was not reached."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return median and largest seconds and gaps over seeds, by size and normalisation."""
    groups = summary.groupby([*SIZE, "normalisation", "rtol"])
    return groups.agg(
        median_seconds=("seconds", "median"),
        largest_seconds=("seconds", "max"),
        largest_gap=("relative_gap", "max"),
    )
