"""Seconds against measured error for every solver, performance profiles, seconds against n."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.style import caption, new_figure
from relaxgap.drawing.timings import (
    INSTANCE,
    PROGRAMS,
    in_order,
    instances,
    label_of,
    performance_ratios,
    profile,
    seconds_to,
    style_index,
)

MIN_ERROR = 1e-10
SIZE_ERROR = 1e-6
ENDINGS = {
    "absent": "absent",
    "too_large": "too large",
    "time_limit": "over limit",
    "failed": "failed",
}
TABLE_ERRORS = (1e-3, 1e-4, 1e-6)


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each program and size; below, profiles and seconds against size."""
    sizes = summary[["n", "d", "n_gates"]].drop_duplicates().sort_values("n")
    programs = [program for program in PROGRAMS if program in set(summary["program"])]
    figure = new_figure(max(2.1 * len(sizes) + 0.8, 9.6), 2.3 * len(programs) + 4.2)
    heights = [2.3 * len(programs) + 0.5, 2.9]
    halves = figure.add_gridspec(2, 1, height_ratios=heights)
    upper, lower = figure.add_subfigure(halves[0]), figure.add_subfigure(halves[1])
    grid = upper.subplots(len(programs), len(sizes), squeeze=False, sharex=True, sharey=True)
    for row, program in enumerate(programs):
        for column, size in enumerate(sizes.itertuples()):
            axes = grid[row][column]
            of_size = (summary["n"] == size.n) & (summary["n_gates"] == size.n_gates)
            _errors(axes, summary[of_size & (summary["program"] == program)])
            if row == 0:
                axes.set_title(f"$n={size.n}$, $d={size.d}$\n{size.n_gates} gates", fontsize=8.5)
            if column == 0:
                axes.set_ylabel(f"{PROGRAMS[program]}\nseconds")
            if row == len(programs) - 1:
                axes.set_xlabel("relative error")
    grid[0][0].set_xlim(1e-2, MIN_ERROR / 3.0)
    legend_above(figure, _legend(summary), columns=4)
    panels = lower.subplots(1, 2 * len(programs), squeeze=False)[0]
    for index, program in enumerate(programs):
        rows = summary[summary["program"] == program]
        _profiles(panels[index], rows)
        panels[index].set_title(PROGRAMS[program], fontsize=8.5)
        _sizes(panels[len(programs) + index], rows)
        panels[len(programs) + index].set_title(PROGRAMS[program], fontsize=8.5)
    caption(figure, *_caption(summary))
    return figure


def _errors(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw seconds against the measured error, a curve for each solver and ``beta``."""
    for fraction, of_beta in _by_beta(rows):
        for solver in in_order(rows["solver"]):
            runs = of_beta[(of_beta["solver"] == solver) & of_beta["relative_error"].notna()]
            if runs.empty:
                continue
            points = runs.groupby("tolerance")[["relative_error", "seconds"]].median()
            points = points.sort_values("relative_error", ascending=False)
            axes.plot(
                np.maximum(points["relative_error"], MIN_ERROR),
                points["seconds"],
                **_look(solver, fraction),
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.axhline(rows["time_limit_seconds"].max(), color="black", linestyle=":", linewidth=1)
    notes = []
    for status, words in ENDINGS.items():
        names = [
            label_of(solver).partition(" (")[0]
            for solver in in_order(rows["solver"])
            if status in set(rows.loc[rows["solver"] == solver, "status"])
        ]
        notes += [f"{words}: {', '.join(names)}"] if names else []
    axes.text(0.02, 0.02, "\n".join(notes), transform=axes.transAxes, fontsize=5.5, va="bottom")


def _profiles(axes: Axes, rows: pd.DataFrame) -> None:
    ratios = performance_ratios(rows, list(_errors_of(rows)))
    finite = ratios.to_numpy()[np.isfinite(ratios.to_numpy())]
    factors = np.geomspace(1.0, 1.2 * max(finite.max(initial=1.0), 10.0), 400)
    for solver in ratios.columns:
        look = _look(solver, None) | {"marker": ""}
        axes.step(factors, profile(ratios[solver], factors), where="post", **look)
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("factor over the fastest")
    axes.set_ylabel(f"fraction of {len(ratios)} pairs")


def _sizes(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the median over the instances of a size that reached the error."""
    limits = rows.groupby("n")["time_limit_seconds"].max()
    for fraction, of_beta in _by_beta(rows):
        seconds = seconds_to(of_beta, SIZE_ERROR)
        for solver in seconds.columns:
            reached = seconds[solver].replace(np.inf, np.nan).groupby("n").median().dropna()
            axes.plot(reached.index, reached, **_look(solver, fraction))
    axes.plot(limits.index, limits, ":", color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(limits.index, [str(n) for n in limits.index], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("$n$")
    axes.set_ylabel(f"seconds to {SIZE_ERROR:.0e}")


def _by_beta(rows: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    """Split by the fraction of ``beta_max``, largest first; only the first is drawn in full."""
    named = instances(rows)
    fractions = sorted(named["beta_fraction"].unique(), key=str, reverse=True)
    return [
        (None if index == 0 else fraction, named[named["beta_fraction"] == fraction])
        for index, fraction in enumerate(fractions)
    ]


def _look(solver: str, fraction: object) -> dict[str, Any]:
    index = style_index(solver)
    look: dict[str, Any] = {
        "color": colour_of(index),
        "marker": marker_of(index),
        "markersize": 4.5,
    }
    if fraction is not None:
        look |= {"alpha": 0.45, "linestyle": "--", "markersize": 3.5}
    return look


def _legend(summary: pd.DataFrame) -> list[Line2D]:
    names = {"pyscnn": "pyscnn (AL on cones, R-FISTA on gates)"}
    asked = in_order(summary["solver"])
    handles = [
        Line2D([], [], label=names.get(solver, label_of(solver)), **_look(solver, None))
        for solver in asked
    ]
    limit = Line2D([], [], color="black", linestyle=":", linewidth=1, label="time limit")
    return [*handles, limit]


def _errors_of(rows: pd.DataFrame) -> np.ndarray:
    return np.sort(rows["tolerance"].unique())[::-1]


def _caption(summary: pd.DataFrame) -> list[str]:
    fractions = [f"{value:g}" for value in sorted(summary["beta_fraction"].dropna().unique())[::-1]]
    dashed = f" (dashed: {', '.join(fractions[1:])})" if len(fractions) > 1 else ""
    strength = rf"$\beta={fractions[0]}\,\beta_{{\max}}${dashed}; " if fractions else ""
    n_instances = len(instances(summary)[INSTANCE].drop_duplicates())
    threads = summary["threads"].max()
    gap = summary["reference_gap"].max()
    errors = ", ".join(f"{error:.0e}" for error in _errors_of(summary))
    return [
        f"{summary['data'].iloc[0]}, {n_instances} instances, {threads} thread; {strength}"
        f"median of up to {summary['n_repeats'].max()} solves.",
        f"Error: of the point moved into its cones, over a lower bound certified to {gap:.0e}. "
        f"Profiles: each instance asked of all solvers, with each error {errors}.",
    ]


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return seconds to three errors, and what the tightest run took, medians over seeds."""
    frame = instances(summary)
    keys = ["program", "beta_fraction", "n", "solver"]
    failed = frame["status"].where(frame["status"] != "returned")
    ended = frame.assign(failed=failed).groupby(keys)["failed"].first().fillna("returned")
    columns = {
        f"s_to_{error:.0e}": seconds_to(summary, error)
        .replace(np.inf, np.nan)
        .groupby(keys[:-1])
        .median()
        .stack()
        for error in TABLE_ERRORS
    }
    returned = frame[frame["status"] == "returned"]
    tightest = returned.loc[returned.groupby([*keys, "n_gates", "seed"])["tolerance"].idxmin()]
    tightest = tightest.assign(
        s_per_iteration=tightest["seconds"] / tightest["n_iterations"].clip(lower=1),
        gemm_share=tightest["gigaflops"] / tightest["seconds"] / tightest["gemm_gflops"],
    )
    measures = {
        "tolerance": "tightest",
        "relative_error": "error",
        "n_iterations": "iterations",
        "s_per_iteration": "s_per_iteration",
        "peak_megabytes": "peak_MB",
        "gemm_share": "gemm_share",
    }
    medians = tightest.groupby(keys)[list(measures)].median().rename(columns=measures)
    rows = pd.DataFrame(columns, index=ended.index).join(medians)
    return rows.assign(ended=ended)
