"""The best narrow networks over the optimum, and how often training finds them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import draw_medians, label_factors, ticks_at
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure
from relaxgap.experiments.narrow_optimum.cell import FOUND

INSTANCE = ["data", "n", "d", "beta_fraction", "seed"]


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Add what the best narrow network costs over the optimum, and the share of runs."""
    return summary.assign(
        ratio=summary["narrow"] / summary["optimum_bound"],
        zero_ratio=summary["zero_loss"] / summary["optimum_bound"],
        share=summary["n_found"] / summary["n_starts"],
        best_ratio=summary["best_loss"] / summary["narrow_bound"],
        median_ratio=summary["median_loss"] / summary["narrow_bound"],
        worst_ratio=summary["worst_loss"] / summary["narrow_bound"],
        gap=1.0 - summary["narrow_bound"] / summary["narrow"],
    )


def instances(summary: pd.DataFrame) -> pd.DataFrame:
    """Return each instance and width once, whatever was trained."""
    return with_ratios(summary).drop_duplicates([*INSTANCE, "width"])


def of_all_methods(summary: pd.DataFrame) -> pd.DataFrame:
    """Return each instance and width with what the runs of all methods reach on it, over p*."""
    groups = with_ratios(summary).groupby([*INSTANCE, "width"], sort=False)
    found = groups.agg(
        ratio=("ratio", "first"),
        bound=("optimum_bound", "first"),
        n_found=("n_found", "sum"),
        n_starts=("n_starts", "sum"),
        best=("best_loss", "min"),
        median=("median_loss", "median"),
        worst=("worst_loss", "max"),
    )
    over = {name: found[name] / found["bound"] for name in ("best", "median", "worst")}
    return found.assign(share=found["n_found"] / found["n_starts"], **over).reset_index()


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratio beside the share of runs that find the best network of their width."""
    runs, once = with_ratios(summary), instances(summary)
    figure = new_figure(3.3)
    panels = figure.subplots(1, 2).tolist()
    _draw_ratios(panels[0], once)
    _draw_shares(panels[1], runs)
    for axes in panels:
        axes.set_xscale("log")
        ticks_at(axes, np.sort(runs["beta_fraction"].unique()))
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
        axes.legend()
    label_factors(panels[0])
    name_panels(panels, ["least loss of a width over $p^*$", "runs that find it"])
    per_point = span(once.groupby(["beta_fraction", "width"]).size())
    annotate(
        figure,
        title(summary),
        f"{summary['data'].iloc[0]}, $n$ = {span(summary['n'])}, $d$ = {span(summary['d'])}: "
        f"{per_point} instances a point; medians and quartiles in (a), means in (b), of "
        f"{span(summary['n_starts'])} starts each. Least losses to "
        f"{scientific(once['gap'].max())} or closer. A run finds one if it is proven within "
        f"{100.0 * (FOUND - 1.0):.0f}% of it.",
    )
    return figure


def draw_instances(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw of each instance what runs reach beside the least loss of their width."""
    all_methods = of_all_methods(summary)
    widths = np.sort(all_methods["width"].unique())
    figure = new_figure(4.6)
    panels = figure.subplots(
        2, len(widths), sharex="col", sharey="row", squeeze=False, height_ratios=[2, 1]
    )
    for column, width in enumerate(widths):
        rows = all_methods[all_methods["width"] == width].sort_values("ratio", ignore_index=True)
        _draw_reached(panels[0, column], rows)
        panels[1, column].bar(rows.index, rows["share"], width=0.8, color="C0")
        panels[1, column].set_xlabel("instances, by the least loss")
        panels[1, column].set_ylim(0.0, 1.0)
    panels[0, 0].set_ylabel("times $p^*$")
    panels[1, 0].set_ylabel("share of runs")
    panels[0, 0].legend()
    names = [f"$m = {width}$: what runs reach" for width in widths]
    name_panels(panels.ravel().tolist(), [*names, *(["runs that find $p^*_m$"] * len(widths))])
    annotate(
        figure,
        title(summary),
        f"{summary['data'].iloc[0]}, $n$ = {span(summary['n'])}, $d$ = {span(summary['d'])}, "
        f"{summary['beta_fraction'].nunique()} strengths; {span(all_methods['n_starts'])} runs of "
        f"{summary['method'].nunique()} methods on each. $p^*_m$ is proven to "
        f"{scientific(instances(summary)['gap'].max())} or closer; bars from the best run to the "
        "worst; the median is that of the medians of the methods.",
    )
    return figure


FIGURES = {"": draw, "instances": draw_instances}


def _draw_reached(axes: Axes, rows: pd.DataFrame) -> None:
    axes.vlines(rows.index, rows["best"], rows["worst"], color="0.75", label="runs")
    axes.plot(rows.index, rows["median"], "s", color="C1", markersize=3, label="median run")
    axes.plot(rows.index, rows["ratio"], "o", color="C0", markersize=3, label="$p^*_m$, exact")
    axes.set_yscale("log")
    label_factors(axes)


def _draw_ratios(axes: Axes, once: pd.DataFrame) -> None:
    for index, (width, rows) in enumerate(once.groupby("width")):
        draw_medians(axes, rows, "beta_fraction", "ratio", index, f"$m = {width}$")
    single = once[once["width"] == once["width"].min()]
    draw_medians(axes, single, "beta_fraction", "zero_ratio", 6, "$m = 0$", linestyle="--")
    axes.set_ylabel("times the optimum")


def _draw_shares(axes: Axes, runs: pd.DataFrame) -> None:
    for (width, method), rows in runs.groupby(["width", "method"], sort=False):
        shares = rows.groupby("beta_fraction")["share"].mean()
        index = list(runs["method"].drop_duplicates()).index(method)
        axes.plot(
            shares.index, shares, color=f"C{index}", marker="os^"[index % 3],
            linestyle="-" if width == runs["width"].min() else ":",
            label=f"{method_name(method)}, $m = {width}$",
        )  # fmt: skip
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("share of runs")


def title(summary: pd.DataFrame) -> str:
    """Say what the best narrow networks cost, and how rarely they are found."""
    runs, once = with_ratios(summary), instances(summary)
    said = " and ".join(
        f"{rows['ratio'].median():.3g} times $p^*$ with {width} neuron{'' if width == 1 else 's'}"
        for width, rows in once.groupby("width")
    )
    shares = " and ".join(
        f"{100.0 * rows['n_found'].sum() / rows['n_starts'].sum():.0f}%"
        for _, rows in runs.groupby("width")
    )
    return (
        f"The least loss is, in the median of {once.groupby(INSTANCE).ngroups} problems, {said}; "
        f"{shares} of the runs find it"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians by width, strength and method."""
    columns = ["ratio", "share", "best_ratio", "median_ratio", "worst_ratio", "smallest"]
    groups = with_ratios(summary).groupby(["width", "beta_fraction", "method"], sort=False)
    return groups[columns].median()
