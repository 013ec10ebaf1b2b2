"""Live neurons and occupied cells against the steps of training."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.numbers import span
from relaxgap.drawing.style import GREY, new_figure

SERIES = {"n_live": ("live neurons", "-"), "n_cells": ("(cell, sign) pairs", ":")}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each method."""
    methods = list(summary["method"].drop_duplicates())
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(methods), squeeze=False, sharey=True)[0].tolist()
    for axes, method in zip(panels, methods, strict=True):
        _draw_runs(axes, summary[summary["method"] == method])
    panels[0].set_ylabel("number")
    name_panels(panels, [method_name(method) for method in methods])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=2)
    runs = summary.groupby(["method", "width", "step"]).size()
    annotate(
        figure,
        title(summary),
        f"{summary['data'].iloc[0]}, $n$ = {span(summary['n'])}, $d$ = {span(summary['d'])}, "
        f"{summary['seed'].nunique()} instances; medians and quartiles of {span(runs)} runs a "
        "point. A neuron is live if the product of its norms is above $10^{-3}$ of the largest; a "
        "sample whose cosine with it is within $10^{-3}$ of zero counts as active. Dashed: the "
        "median $m^*$ of the instances.",
    )
    return figure


FIGURES = {"": draw}


def _draw_runs(axes: Axes, rows: pd.DataFrame) -> None:
    for index, (width, part) in enumerate(rows.groupby("width")):
        for column, (name, line) in SERIES.items():
            label = f"{name}, width {width}"
            draw_medians(axes, part, "step", column, index, label, linestyle=line)
    instances = rows.drop_duplicates(["n", "seed"])
    axes.axhline(instances["smallest"].median(), color=GREY, linestyle="--", linewidth=1.0)
    axes.set_xscale("symlog", linthresh=10.0)
    steps = np.sort(rows["step"].unique())
    shown = [step for step in steps if step == 0 or np.log10(step) % 1 == 0]
    axes.set_xticks(shown, [f"{step:,}" for step in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-3.0, 1.5 * float(steps.max()))
    axes.set_xlabel("steps")
    label_factors(axes)


def ends(summary: pd.DataFrame) -> pd.DataFrame:
    """Return every run as it was after the last step, those that diverged left out."""
    last = summary[summary["step"] == summary["step"].max()]
    kept: pd.DataFrame = last[np.isfinite(last["loss"])]
    return kept


def title(summary: pd.DataFrame) -> str:
    """Say with how many neurons and cells runs end, beside m*."""
    last = ends(summary)
    widest = last[last["width"] == last["width"].max()]
    least = widest.drop_duplicates(["n", "seed"])["smallest"].median()
    said = " and ".join(
        f"{rows['n_live'].median():g} live ones in {rows['n_cells'].median():g} (cell, sign) "
        f"pairs by {method_name(method)}"
        for method, rows in widest.groupby("method", sort=False)
    )
    return (
        f"Of {widest['width'].iloc[0]} neurons {last['step'].iloc[0]:,} steps leave {said}; "
        f"optimal networks need {least:g} (medians)"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians by method, width and step."""
    excess = summary["loss"] / summary["optimum_bound"] - 1.0
    columns = ["n_live", "n_cells", "smallest", "excess"]
    groups = summary.assign(excess=excess).groupby(["method", "width", "step"], sort=False)
    return groups[columns].median()
