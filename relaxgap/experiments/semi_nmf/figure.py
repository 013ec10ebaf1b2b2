"""Neurons, cells in use and ranks against the strength."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

SERIES = {
    "width": "neurons of the optimum",
    "n_cells": "cells with neurons",
    "most_neurons": "neurons in the fullest cell",
    "most_rank": "largest rank of a block",
}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each size."""
    sizes = list(summary[["n", "d", "q"]].drop_duplicates().itertuples(index=False, name=None))
    figure = new_figure(3.3)
    panels = figure.subplots(1, len(sizes), squeeze=False)[0].tolist()
    strengths = np.sort(summary["beta_fraction"].unique())
    for axes, (n, d, q) in zip(panels, sizes, strict=True):
        rows = summary[(summary["n"] == n) & (summary["d"] == d) & (summary["q"] == q)]
        for index, (column, name) in enumerate(SERIES.items()):
            draw_medians(axes, rows, "beta_fraction", column, index, name)
        axes.set_xscale("log")
        ticks_at(axes, strengths)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
    panels[0].set_ylabel("number")
    name_panels(panels, [f"$n = {n}$, $d = {d}$, $q = {q}$" for n, d, q in sizes])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=2)
    seeds = span(summary.groupby(["n", "d", "q"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"{summary['data'].iloc[0]}; medians over {seeds} seeds, quartiles from five on; the "
        f"optimum to {scientific(summary['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def title(summary: pd.DataFrame) -> str:
    """Say how many cells hold one neuron, and whether more are needed than the rank."""
    cells, single = int(summary["n_cells"].sum()), int(summary["n_cells_of_one"].sum())
    return (
        f"Of {cells} cells in use in {len(summary)} optima {single} hold one neuron; the fullest "
        f"holds {summary['most_neurons'].max()}, and {int(summary['n_in_excess'].sum())} hold more "
        "neurons than the rank of their block"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size and strength."""
    columns = [*SERIES, "rank", "n_in_excess"]
    return summary.groupby(["n", "d", "q", "beta_fraction"])[columns].median()
