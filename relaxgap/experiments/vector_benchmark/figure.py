"""Seconds of every method on every instance, one line each."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.style import new_figure

METHODS = {
    "all_cells": "optimum over all cells",
    "given_cells": "optimum over sampled cells",
    "matrix_a_cell": "bound of a matrix for each cell",
    "gated": "gated program over sampled patterns",
    "gated_clarabel": "the same by CVXPY and Clarabel",
}
SMALL = 6.5
KEYS = ["method", "n", "d", "q", "n_patterns", "beta_fraction", "seed"]


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a mark for every row, filled where the gap was reached."""
    rows = in_order(summary)
    figure = new_figure(0.9 + 0.19 * len(rows))
    axes = figure.add_subplot()
    for index, (method, name) in enumerate(METHODS.items()):
        some = rows[rows["method"] == method]
        for solved, part in some.groupby("solved"):
            axes.plot(
                part["seconds"],
                part["place"],
                "o",
                color=f"C{index}",
                markerfacecolor=f"C{index}" if solved else "white",
                label=name if solved or not some["solved"].any() else None,
            )
    axes.set_xscale("log")
    axes.set_xlabel("seconds, one thread")
    axes.set_yticks(rows["place"], [_name(row) for _, row in rows.iterrows()])
    axes.tick_params(axis="y", labelsize=SMALL)
    axes.grid(axis="x", alpha=0.3)
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=2)
    annotate(figure, title(summary), note(summary))
    return figure


FIGURES = {"": draw}


def in_order(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by method and size, each with its place from below."""
    order = {name: index for index, name in enumerate(METHODS)}
    rows = summary.assign(rank=summary["method"].map(order))
    rows = rows.sort_values(["rank", "n", "d", "beta_fraction", "seed"], ignore_index=True)
    return rows.assign(place=len(rows) - 1 - rows.index)


def _name(row: pd.Series) -> str:
    gap = "failed" if pd.isna(row["relative_gap"]) else f"gap {scientific(row['relative_gap'])}"
    size = f"{int(row['n'])} × {int(row['d'])} × {int(row['q'])}"
    return f"{size}, {row['beta_fraction']:g}, {gap}"


def speedups(summary: pd.DataFrame) -> pd.Series:
    """Return the seconds of Clarabel over ours on the same gated programs, by instance."""
    keys = [key for key in KEYS if key != "method"] + ["rtol"]
    by = {name: rows.set_index(keys)["seconds"] for name, rows in summary.groupby("method")}
    if not {"gated", "gated_clarabel"} <= set(by):
        return pd.Series(dtype=float)
    ratios: pd.Series = (by["gated_clarabel"] / by["gated"]).dropna()
    return ratios


def title(summary: pd.DataFrame) -> str:
    """Say how long the slowest exact optimum took, and how much longer a conic solver does."""
    exact = summary[summary["method"] == "all_cells"]
    said = "Seconds to certified programs of several outputs"
    if len(exact) and exact["solved"].all():
        said = (
            f"Optima over all cells of up to {exact['n_patterns'].max()} patterns take "
            f"{exact['seconds'].max():.1f} s or less"
        )
    ratios = speedups(summary)
    if len(ratios):
        said += f"; the gated program is {ratios.min():.1f} to {ratios.max():.0f} times as fast "
        said += "as by a conic solver"
    return said


def note(summary: pd.DataFrame) -> str:
    """Say what was measured how."""
    return (
        "Samples × columns × outputs, strength over the critical one; Gaussian rows, noise labels; "
        f"medians of {summary['n_repeats'].min()} calls, one thread; hollow: the gap asked for was "
        f"not reached ({int((~summary['solved']).sum())} of {len(summary)})."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return seconds and gaps by method and instance."""
    rows = in_order(summary).set_index(KEYS)
    return rows[["rtol", "solved", "seconds", "slowest", "relative_gap"]]
