"""Seconds to one measured error against n, for every solver and both programs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above, solver_handles
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.drawing.timings import (
    INSTANCE,
    PROGRAMS,
    instances,
    label_of,
    longer_than,
    seconds_to,
    style_index,
)

SIZE_ERROR = 1e-6
OURS, COLUMNS = "semismooth_newton", "column_generation"
TABLE_ERRORS = (1e-3, 1e-4, 1e-6)


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the seconds of the solvers that reached the error, at the largest ``beta``.

    The other strengths and accuracies are in the table.
    """
    chosen = _largest_beta(summary)
    programs = [program for program in PROGRAMS if program in set(chosen["program"])]
    figure = new_figure(3.7)
    panels = figure.subplots(1, len(programs), squeeze=False, sharey=True)[0]
    for axes, program in zip(panels, programs, strict=True):
        _panel(axes, chosen[chosen["program"] == program])
    panels[0].set_ylabel(f"seconds to a relative error of {scientific(SIZE_ERROR)}")
    name_panels(panels, [f"{PROGRAMS[program]} program" for program in programs])
    legend_above(figure, _legend(chosen), columns=4)
    annotate(figure, _title(chosen), *_caption(chosen))
    return figure


FIGURES = {"": draw}


def _largest_beta(summary: pd.DataFrame) -> pd.DataFrame:
    named = instances(summary)
    largest = max(named["beta_fraction"].unique(), key=str)
    chosen: pd.DataFrame = named[named["beta_fraction"] == largest]
    return chosen


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    seconds = seconds_to(rows, SIZE_ERROR)
    for solver in seconds.columns:
        reached = seconds[solver].replace(np.inf, np.nan).dropna().reset_index()
        if len(reached):
            draw_medians(axes, reached, "n", solver, style_index(solver))
    limits = rows.groupby("n")["time_limit_seconds"].max()
    axes.plot(limits.index, limits, ":", color=GREY, linewidth=1.0)
    axes.set_yscale("log")
    label_sizes(axes, np.sort(rows["n"].unique()))


def _legend(rows: pd.DataFrame) -> list[Line2D]:
    names = {"pyscnn": "pyscnn (AL on cones, R-FISTA on gates)"}
    handles = solver_handles(rows["solver"], names)
    limit = Line2D([], [], color=GREY, linestyle=":", linewidth=1.0, label="time limit")
    return [*handles, limit]


def _title(rows: pd.DataFrame) -> str:
    """Say how many times as long the fastest other solver takes, where both reached the error."""
    seconds = seconds_to(rows, SIZE_ERROR)
    if OURS not in seconds or set(seconds) <= {OURS, COLUMNS}:
        return "Seconds of every solver to the same error"
    times = longer_than(seconds, OURS, [COLUMNS])
    reached = times[np.isfinite(times)]
    if not len(reached):
        return "Seconds of every solver to the same error"
    return (
        f"The fastest other solver takes {reached.min():.1f} to {reached.max():.0f} times as long "
        f"as {label_of(OURS)}; on {len(times) - len(reached)} of {len(times)} instances tried none "
        "gets there"
    )


def _caption(rows: pd.DataFrame) -> tuple[str, str]:
    fraction = rows["beta_fraction"].iloc[0]
    strength = "" if fraction == "absolute" else rf", $\beta={fraction:g}\,\beta_{{\max}}$"
    n_instances = len(rows[INSTANCE].drop_duplicates())
    return (
        f"{rows['data'].iloc[0]}{strength}; {n_instances} instances, {rows['threads'].max()} "
        f"thread; median of up to {rows['n_repeats'].max()} solves.",
        "Error: of the point moved into its cones, over a lower bound certified to "
        f"{scientific(rows['reference_gap'].max())}. A solver without a mark at a size did "
        "not reach it, or was not tried.",
    )


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
