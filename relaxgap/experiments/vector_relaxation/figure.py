"""Bounds, relaxations and trained networks over the exact optimum, against the strength."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import GREY, new_figure

SERIES = {
    "cell_bound": "a matrix for each cell (ours)",
    "lifted_bound": "one matrix of all neurons",
    "gated_value": "gated program, all cells",
    "adam_best": "best of 50 networks by Adam",
    "adam_median": "median of those",
    "sgd_best": "best of those by SGD",
}
TIGHT = 1e-6
"""Relative distance of a relaxation from the optimum up to which it is called tight."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each size."""
    frame = with_ratios(summary)
    sizes = list(frame[["n", "d", "q"]].drop_duplicates().itertuples(index=False, name=None))
    columns = min(len(sizes), 2)
    rows_of_panels = -(-len(sizes) // columns)
    figure = new_figure(1.4 + 2.0 * rows_of_panels)
    every = figure.subplots(rows_of_panels, columns, squeeze=False)
    panels: list[Axes] = every.ravel().tolist()
    for unused in panels[len(sizes) :]:
        unused.remove()
    panels = panels[: len(sizes)]
    strengths = np.sort(frame["beta_fraction"].unique())
    for axes, (n, d, q) in zip(panels, sizes, strict=True):
        rows = frame[(frame["n"] == n) & (frame["d"] == d) & (frame["q"] == q)]
        for index, (column, name) in enumerate(SERIES.items()):
            draw_medians(axes, rows, "beta_fraction", f"{column}_ratio", index, name)
        axes.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
        axes.set_xscale("log")
        ticks_at(axes, strengths)
        label_factors(axes)
    for axes in every[-1]:
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
    for axes in every[:, 0]:
        axes.set_ylabel("over the exact optimum")
    name_panels(panels, [f"$n = {n}$, $d = {d}$, $q = {q}$" for n, d, q in sizes])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    seeds = span(frame.groupby(["n", "d", "q"])["seed"].nunique())
    annotate(
        figure,
        _title(frame),
        f"{summary['data'].iloc[0]}; medians over {seeds} seeds, quartiles from five on; the "
        f"optimum to {scientific(summary['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Add every value over the exact optimum, its upper end for bounds, else its lower one."""
    bounds = ("cell_bound", "lifted_bound", "gated_value")
    return summary.assign(
        **{
            f"{name}_ratio": summary[name]
            / summary["primal_value" if name in bounds else "dual_value"]
            for name in SERIES
        }
    )


def is_tight(frame: pd.DataFrame, column: str) -> pd.Series:
    """Say of each instance whether a bound is that of the optimum."""
    return frame[f"{column}_ratio"] >= 1.0 - TIGHT


def _title(frame: pd.DataFrame) -> str:
    tight = {name: int(is_tight(frame, name).sum()) for name in ("cell_bound", "lifted_bound")}
    worst = {name: 100.0 * (1.0 - frame[f"{name}_ratio"].min()) for name in tight}
    return (
        f"One doubly nonnegative matrix a cell is exact (to {scientific(TIGHT)}) on "
        f"{tight['cell_bound']} of {len(frame)} instances and at worst {worst['cell_bound']:.2g}% "
        f"low; one of all neurons is exact on {tight['lifted_bound']}, at worst "
        f"{worst['lifted_bound']:.0f}% low"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size and strength."""
    frame = with_ratios(summary)
    columns = [*(f"{name}_ratio" for name in SERIES), "exact_seconds", "cell_seconds"]
    columns += ["lifted_seconds"]
    return frame.groupby(["n", "d", "q", "beta_fraction"])[columns].median()
