"""The panels of the figures on stationary points: means over runs, and every run as a dot."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relaxgap.drawing.marks import beside, colour_of, marker_of, ticks_at
from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.run_outcomes import UNCONVERGED
from relaxgap.drawing.style import GREY
from relaxgap.experiments.stationary_points.runs import Sweeps

HALF = "half, as Theorem 3 uses (A2)"
COUNTS = {
    "n_live": "live",
    "n_boundary_bits": "zeros",
    "n_cells": "cells",
    "minimal_width": "minimal",
}
PRICES = {"dead_price": "own sign", "dead_price_other_sign": "other sign"}
SHIFT = 0.045
LEGEND_PAD = 18.0
"""Points between a panel and its title: a row of a legend, which has three entries."""


def methods_of(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the runs of each method with its label."""
    for method in sorted(runs["method"].unique(), key=lambda name: (method_order(name), name)):
        yield method_name(method), runs[runs["method"] == method]


def draw_excess(axes: Axes, sweeps: Sweeps) -> None:
    """Draw every run's excess on a logarithmic axis, and its mean."""
    for index, (name, runs) in enumerate(methods_of(sweeps.main)):
        _draw_runs(axes, runs, "width", name, index)
    _finish_excess(axes, sweeps.main)


def draw_kept(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the whole patterns that the same runs kept, with the half that (A2) asks for."""
    for index, (_, runs) in enumerate(methods_of(sweeps.main)):
        ended = runs[~runs["diverged"]]
        _dots(axes, ended, "width", "neurons_kept", index)
        _draw_mean(axes, ended, "width", "neurons_kept", "", index)
    axes.axhline(0.5, color="black", linestyle="--", linewidth=1.0)
    axes.text(
        0.98, 0.52, HALF, transform=axes.get_yaxis_transform(), ha="right", va="bottom", fontsize=7
    )
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("fraction of whole patterns kept")
    _label(axes, sweeps.main)


def draw_sizes(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the excess for every ``n``."""
    for index, (n, runs) in enumerate(sweeps.sizes.groupby("n")):
        _draw_runs(axes, runs, "width", f"$n={n}$", index)
    _finish_excess(axes, sweeps.sizes)


def draw_strengths(axes: Axes, sweeps: Sweeps) -> None:
    r"""Draw the excess for every :math:`\beta`."""
    by_size = sweeps.strengths.groupby("strength")["beta"].median().sort_values().index
    for index, strength in enumerate(by_size):
        runs = sweeps.strengths[sweeps.strengths["strength"] == strength]
        _draw_runs(axes, runs, "width", rf"$\beta={strength}$", index)
    _finish_excess(axes, sweeps.strengths)


def draw_scales(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the excess against the initial scale for every width."""
    runs = sweeps.scales
    for index, (width, of_width) in enumerate(runs.groupby("width")):
        _draw_runs(axes, of_width, "init_scale", f"$m={width}$", index)
    _finish_excess(axes, runs, "init_scale")
    axes.set_xlabel("factor of the initial weights")


def draw_residuals(axes: Axes, sweeps: Sweeps) -> None:
    """Draw how stationary the last networks are."""
    for index, (name, runs) in enumerate(methods_of(sweeps.main)):
        ended = runs[~runs["diverged"]]
        positive = ended.assign(residual=ended["residual"].clip(lower=1e-16))
        _dots(axes, positive, "width", "residual", index)
        _draw_mean(axes, positive, "width", "residual", name, index, "median")
    axes.axhline(UNCONVERGED, color="black", linestyle="--", linewidth=1.0)
    axes.set_yscale("log")
    axes.set_ylabel("Clarke residual, relative")
    _label(axes, sweeps.main)
    _add_legend(axes)


def draw_counts(axes: Axes, sweeps: Sweeps) -> None:
    """Draw how many neurons, cells and zero pre-activations the last networks have."""
    runs = sweeps.main[(sweeps.main["method"] == sweeps.method) & ~sweeps.main["diverged"]]
    for index, (column, name) in enumerate(COUNTS.items()):
        _draw_mean(axes, runs, "width", column, name, index)
    n = sweeps.main["n"].iloc[0]
    axes.axhline(n, color="black", linestyle="--", linewidth=1.0, label=f"$n={n}$")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("mean number a network")
    _label(axes, sweeps.main)
    _add_legend(axes)


def draw_dead_prices(axes: Axes, sweeps: Sweeps) -> None:
    r"""Draw the dual constraints of the dead neurons' last patterns over :math:`\beta`."""
    runs = sweeps.main[(sweeps.main["method"] == sweeps.method) & ~sweeps.main["diverged"]]
    runs = runs[runs["dead_price"].notna()]
    for index, (column, name) in enumerate(PRICES.items()):
        drawn = runs.assign(**{column: runs[column].clip(lower=0.1)})
        _dots(axes, drawn, "width", column, index, name)
    axes.axhline(1.0, color="black", linestyle="--", linewidth=1.0, label="proof")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel(r"largest dual constraint$\,/\beta$, at least 0.1")
    _label(axes, sweeps.main)
    _add_legend(axes)


def _draw_mean(
    axes: Axes,
    runs: pd.DataFrame,
    x: str,
    y: str,
    label: str,
    index: int,
    statistic: str = "mean",
) -> None:
    means = runs.groupby(x)[y].agg(statistic)
    axes.plot(
        means.index,
        means,
        color=colour_of(index),
        marker=marker_of(index),
        label=label or "_",
    )


def _draw_runs(axes: Axes, runs: pd.DataFrame, x: str, label: str, index: int) -> None:
    ended = runs[~runs["diverged"]]
    _dots(axes, ended, x, "excess", index)
    _draw_mean(axes, ended, x, "excess", label, index)


def _dots(
    axes: Axes, runs: pd.DataFrame, x: str, y: str, index: int, label: str | None = None
) -> None:
    """Draw one dot for each run, hollow where it is not at a stationary point."""
    colour, marker = colour_of(index), marker_of(index)
    shift = 2.0 ** (SHIFT * (index - 1))
    for hollow, rows in runs.groupby("unconverged"):
        axes.scatter(
            rows[x] * shift,
            rows[y],
            s=6,
            marker=marker,
            facecolors="none" if hollow else colour,
            edgecolors=colour,
            linewidths=0.5,
            alpha=0.45,
            label=label,
            gid=beside(shift),
        )
        label = None


def _finish_excess(axes: Axes, runs: pd.DataFrame, x: str = "width") -> None:
    axes.axhline(runs["gap"].max(), color=GREY, linestyle=":", linewidth=1.0)
    axes.set_yscale("log")
    axes.set_ylabel("loss over $p^*$, less 1")
    _label(axes, runs, x)
    _add_legend(axes)


def _label(axes: Axes, runs: pd.DataFrame, x: str = "width") -> None:
    """Label the x-axis by the values there are."""
    values = np.sort(runs[x].unique())
    axes.set_xscale("log", base=2)
    ticks_at(axes, values)
    margin = 2.0**0.5
    axes.set_xlim(values[0] / margin, values[-1] * margin)
    axes.set_xlabel("width $m$")


def _add_legend(axes: Axes) -> None:
    """Put the legend between a panel and its title, in `LEGEND_PAD` for each of its rows."""
    axes.minorticks_off()
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.03, 0.98), ncols=3, fontsize=7, handlelength=1.2,
        columnspacing=0.8, handletextpad=0.4, labelspacing=0.25, borderaxespad=0.2,
    )  # fmt: skip
