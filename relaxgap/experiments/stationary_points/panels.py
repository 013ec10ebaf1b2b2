"""The panels of the figure on stationary points: means over runs, and every run as a dot."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullFormatter

from relaxgap.drawing.marks import colour_of, marker_of, ticks_at
from relaxgap.drawing.methods import method_name, method_order
from relaxgap.drawing.run_outcomes import UNCONVERGED
from relaxgap.experiments.stationary_points.runs import Sweeps

HALF = "1/2, as Theorem 3 uses (A2)"
COUNTS = {
    "n_live": "live neurons",
    "n_boundary_bits": "zero pre-activations",
    "n_cells": "cells, up to 1e-4",
    "minimal_width": "merged and pruned",
}
PRICES = {"dead_price": "own sign", "dead_price_other_sign": "other sign"}
TICKS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SHIFT = 0.045


def methods_of(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the runs of each method with its label."""
    for method in sorted(runs["method"].unique(), key=lambda name: (method_order(name), name)):
        yield method_name(method), runs[runs["method"] == method]


def draw_ratios(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the mean and the largest ratio of each method, with the growth Theorem 3 allows."""
    main = sweeps.main
    for index, (name, runs) in enumerate(methods_of(main)):
        ended = runs[~runs["diverged"]]
        _draw_mean(axes, ended, "width", "ratio", name, index)
        largest = ended.groupby("width")["ratio"].max()
        axes.plot(largest.index, largest, ":", color=colour_of(index), linewidth=1.1)
        _mark_diverged(axes, runs, "width", index)
    reference = float(np.sqrt(np.log(2.0 * main["n"].iloc[0])))
    axes.axhline(
        reference, color="black", linestyle="--", label=r"$\sqrt{\log 2n}$ (Theorem 3, constant 1)"
    )
    low, middle, high = main.drop_duplicates("seed")["relaxation_ratio"].quantile([0.25, 0.5, 0.75])
    colour = "#777777"
    axes.axhspan(low, high, color=colour, alpha=0.18, linewidth=0)
    axes.axhline(
        middle,
        color=colour,
        linestyle="-.",
        linewidth=1.1,
        label=r"relaxation, $\tilde p^*/p^*$ (median, quartiles)",
    )
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.set_yscale("log")
    top = max(axes.get_ylim()[1], 1.05 * reference)
    axes.set_ylim(0.97, top)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in TICKS if tick < top]))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("loss over the optimum, loss$/p^*$")
    _finish(axes, main, "mean (line) and maximum (dotted)")


def draw_excess(axes: Axes, sweeps: Sweeps) -> None:
    """Draw every run's excess on a logarithmic axis, and its mean."""
    for index, (name, runs) in enumerate(methods_of(sweeps.main)):
        _draw_runs(axes, runs, "width", name, index)
    reference = float(np.sqrt(np.log(2.0 * sweeps.main["n"].iloc[0])))
    axes.axhline(reference - 1.0, color="black", linestyle="--", label=r"$\sqrt{\log 2n}-1$")
    _finish_excess(axes, sweeps.main, "excess, mean and every run")


def draw_kept(axes: Axes, sweeps: Sweeps) -> None:
    """Draw what the same runs kept of their initial patterns, with the half that (A2) asks for."""
    for index, (_, runs) in enumerate(methods_of(sweeps.main)):
        ended = runs[~runs["diverged"]]
        _draw_mean(axes, ended, "width", "neurons_kept", "", index)
        bits = ended.groupby("width")["bits_kept"].mean()
        colour, marker = colour_of(index), marker_of(index)
        axes.plot(
            bits.index, bits, "--", color=colour, marker=marker, fillstyle="none", linewidth=1.1
        )
    axes.plot([], [], color="#444444", label="whole patterns")
    axes.plot([], [], "--", color="#444444", linewidth=1.1, label="activations")
    axes.axhline(0.5, color="black", linestyle="-.", linewidth=1.1, label=HALF)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("mean fraction kept since the start")
    _finish(axes, sweeps.main, "initial patterns kept in the same runs")


def draw_sizes(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the excess for every ``n``."""
    for index, (n, runs) in enumerate(sweeps.sizes.groupby("n")):
        _draw_runs(axes, runs, "width", f"$n={n}$", index)
    _finish_excess(axes, sweeps.sizes, f"sample size, {_name(sweeps)}")


def draw_strengths(axes: Axes, sweeps: Sweeps) -> None:
    r"""Draw the excess for every :math:`\beta`."""
    by_size = sweeps.strengths.groupby("strength")["beta"].median().sort_values().index
    for index, strength in enumerate(by_size):
        runs = sweeps.strengths[sweeps.strengths["strength"] == strength]
        _draw_runs(axes, runs, "width", rf"$\beta={strength}$", index)
    _finish_excess(axes, sweeps.strengths, f"regularisation, {_name(sweeps)}")


def draw_scales(axes: Axes, sweeps: Sweeps) -> None:
    """Draw the excess against the initial scale for every width."""
    runs = sweeps.scales
    for index, (width, of_width) in enumerate(runs.groupby("width")):
        _draw_runs(axes, of_width, "init_scale", f"$m={width}$", index)
    steps = f"step {runs['learning_rate'].iloc[0]:g}"
    _finish_excess(axes, runs, f"initial scale, {_name(sweeps)}, {steps}", "init_scale")
    axes.set_xlabel("factor of the initial weights")


def draw_residuals(axes: Axes, sweeps: Sweeps) -> None:
    """Draw how stationary the last networks are."""
    for index, (name, runs) in enumerate(methods_of(sweeps.main)):
        ended = runs[~runs["diverged"]]
        positive = ended.assign(residual=ended["residual"].clip(lower=1e-16))
        _dots(axes, positive, "width", "residual", index)
        _draw_mean(axes, positive, "width", "residual", name, index, "median")
        _mark_diverged(axes, runs, "width", index)
    axes.axhline(
        UNCONVERGED, color="black", linestyle="--", linewidth=1.1, label="above: not converged"
    )
    axes.set_yscale("log")
    axes.set_ylabel("Clarke residual, relative")
    _finish(axes, sweeps.main, "stationarity, every run and the median")


def draw_counts(axes: Axes, sweeps: Sweeps) -> None:
    """Draw how many neurons, cells and zero pre-activations the last networks have."""
    runs = sweeps.main[(sweeps.main["method"] == sweeps.method) & ~sweeps.main["diverged"]]
    for index, (column, name) in enumerate(COUNTS.items()):
        _draw_mean(axes, runs, "width", column, name, index)
    n = sweeps.main["n"].iloc[0]
    axes.axhline(n, color="black", linestyle="--", linewidth=1.1, label=f"$n={n}$")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("mean number a network")
    _finish(axes, sweeps.main, f"structure, {_name(sweeps)}")


def draw_dead_prices(axes: Axes, sweeps: Sweeps) -> None:
    r"""Draw the dual constraints of the dead neurons' last patterns over :math:`\beta`."""
    runs = sweeps.main[(sweeps.main["method"] == sweeps.method) & ~sweeps.main["diverged"]]
    runs = runs[runs["dead_price"].notna()]
    for index, (column, name) in enumerate(PRICES.items()):
        _dots(
            axes,
            runs.assign(**{column: runs[column].clip(lower=0.1)}),
            "width",
            column,
            index,
            name,
        )
    axes.axhline(1.0, color="black", linestyle="--", linewidth=1.1, label="1, Theorem 3's proof")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel(r"largest dual constraint$\,/\beta$, at least 0.1")
    _finish(axes, sweeps.main, f"dead neurons, {_name(sweeps)}, runs that have any")


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
    _mark_diverged(axes, runs, x, index)


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
            s=11,
            marker=marker,
            facecolors="none" if hollow else colour,
            edgecolors=colour,
            linewidths=0.7,
            alpha=0.5,
            label=label,
        )
        label = None


def _mark_diverged(axes: Axes, runs: pd.DataFrame, x: str, index: int) -> None:
    counts = runs[runs["diverged"]].groupby(x).size()
    for place, count in counts.items():
        axes.annotate(
            f"{count} diverged",
            (float(str(place)), 1.0),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            rotation=90,
            fontsize=7,
            color=colour_of(index),
        )


def _name(sweeps: Sweeps) -> str:
    return method_name(sweeps.method)


def _finish_excess(axes: Axes, runs: pd.DataFrame, title: str, x: str = "width") -> None:
    axes.axhline(
        runs["gap"].max(),
        color="black",
        linestyle=":",
        linewidth=1.1,
        label="largest proven gap of $p^*$",
    )
    axes.set_yscale("log")
    axes.set_ylabel("excess, loss$/p^*-1$")
    _finish(axes, runs, title, x)


def _finish(axes: Axes, runs: pd.DataFrame, title: str, x: str = "width") -> None:
    """Label the x-axis by the values there are and put title and legend above the panel."""
    values = np.sort(runs[x].unique())
    axes.set_xscale("log", base=2)
    ticks_at(axes, values)
    margin = 2.0**0.5
    axes.set_xlim(values[0] / margin, values[-1] * margin)
    axes.set_xlabel("width $m$")
    entries = axes.get_legend_handles_labels()[1]
    n_columns = 3 if len(entries) <= 4 and len("".join(entries)) < 48 else 2
    axes.legend(
        title=title,
        title_fontsize=9.5,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=n_columns,
        fontsize=7.5,
        columnspacing=1.0,
        handlelength=1.8,
        borderaxespad=0.2,
    )
