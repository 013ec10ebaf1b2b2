"""Seconds to one measured error on tall tables, for both programs and every strength."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above, solver_handles
from relaxgap.drawing.marks import DOT_ALPHA, colour_of, label_factors, marker_of
from relaxgap.drawing.numbers import scientific
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

ERROR = 1e-4
OURS, SQUARED = "semismooth_newton", "squared"
LINES: tuple[Literal["-", "--", ":"], ...] = ("-", "--", ":")
"""Of the strengths, from the largest on."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the seconds of every solver that reached the error, one panel for each program."""
    frame = instances(summary)
    programs = [program for program in PROGRAMS if program in set(frame["program"])]
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(programs), squeeze=False, sharey=True)[0]
    for axes, program in zip(panels, programs, strict=True):
        _panel(axes, frame[frame["program"] == program])
    panels[0].set_ylabel(f"seconds to a relative error of {scientific(ERROR)}")
    label_factors(panels[0])
    name_panels(panels, [f"{PROGRAMS[program]} program" for program in programs])
    legend_above(figure, _legend(frame), columns=5)
    annotate(figure, _title(frame), _caption(frame))
    return figure


FIGURES = {"": draw}


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    sizes = rows[["n", "d"]].drop_duplicates().sort_values(["n", "d"]).reset_index(drop=True)
    places = pd.Series(sizes.index, index=pd.MultiIndex.from_frame(sizes))
    for loss, of_loss in rows.groupby("loss"):
        seconds = seconds_to(of_loss, ERROR)
        for solver in seconds.columns:
            index = style_index(solver)
            look: dict[str, Any] = {"color": colour_of(index), "marker": marker_of(index)}
            if loss != SQUARED:
                look["markerfacecolor"] = "white"
            for fraction, line in zip(_strengths(rows), LINES, strict=False):
                if fraction not in seconds.index.unique("beta_fraction"):
                    continue
                some = seconds[solver].xs(fraction, level="beta_fraction").replace(np.inf, np.nan)
                some = some.dropna().groupby(["n", "d"]).median()
                axes.plot(places.reindex(some.index), some, linestyle=line, **look)
    limits = rows.groupby(["n", "d"])["time_limit_seconds"].max()
    axes.plot(places.reindex(limits.index), limits, "_", color=GREY, markersize=12, alpha=DOT_ALPHA)
    axes.set_xticks(sizes.index, [f"{row.n:,}\n{row.d}" for row in sizes.itertuples()])
    axes.set_xlabel("rows $n$, columns $d$")
    axes.set_yscale("log")


def _strengths(frame: pd.DataFrame) -> list[object]:
    return sorted(frame["beta_fraction"].unique(), key=str, reverse=True)


def _legend(frame: pd.DataFrame) -> list[Line2D]:
    solvers = solver_handles([name for name in frame["solver"].unique() if name in _reached(frame)])
    strengths = [
        Line2D([], [], color=GREY, linestyle=line, label=rf"$\beta={fraction}\,\beta_{{\max}}$")
        for fraction, line in zip(_strengths(frame), LINES, strict=False)
    ]
    losses = [
        Line2D(
            [], [], color=GREY, marker="o", markerfacecolor="white", lw=0.0, label=f"{loss} loss"
        )
        for loss in sorted(set(frame["loss"]) - {SQUARED})
    ]
    limit = Line2D([], [], color=GREY, marker="_", markersize=12, lw=0.0, label="time limit")
    return [*solvers, *strengths, *losses, limit]


def _reached(frame: pd.DataFrame) -> set[str]:
    """Return the solvers that reached the error somewhere, and so are in the figure."""
    return set(frame.loc[frame["relative_error"] <= ERROR, "solver"])


def ratios(summary: pd.DataFrame) -> pd.Series:
    """Return the seconds of the fastest other solver over ours, infinite where none gets there.

    Of the squared loss, which is the one that others are asked for.
    """
    return longer_than(seconds_to(summary[summary["loss"] == SQUARED], ERROR), OURS)


def _title(frame: pd.DataFrame) -> str:
    """Say how many tables the fastest other solver solves, by program, and how long it takes."""
    times = [seconds_to(some, ERROR)[OURS] for _, some in frame.groupby("loss")]
    ours = np.concatenate(times)
    reached = f"{int(np.isfinite(ours).sum())} of {len(ours)} tables to {scientific(ERROR)}"
    parts = []
    for program, longer in ratios(frame).groupby("program", sort=False):
        known = longer[np.isfinite(longer)]
        said = f" in {known.min():.1f} to {known.max():.0f} times as long" if len(known) else ""
        parts.append(f"{len(known)} of {len(longer)} {PROGRAMS[str(program)]} ones{said}")
    others = (
        f"; of the squared loss the fastest other solves {' and '.join(parts)}" if parts else ""
    )
    return f"Ours solves {reached}{others}"


def _caption(frame: pd.DataFrame) -> str:
    n_instances = len(frame[[*INSTANCE, "loss"]].drop_duplicates())
    counts = sorted(frame["n_gates"].unique())
    absent = [label_of(name) for name in frame["solver"].unique() if name not in _reached(frame)]
    nowhere = f" Nowhere reached by {' and '.join(absent)}." if absent else ""
    return (
        f"{frame['data'].iloc[0]}, {' and '.join(map(str, counts))} gates; {n_instances} "
        f"instances, {frame['threads'].max()} thread, each solver in a process of its own; median "
        f"of up to {frame['n_repeats'].max()} solves. Error: of the point moved into its cones, "
        f"over a lower bound certified to {scientific(frame['reference_gap'].max())}.{nowhere}"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return seconds to two errors and the peak of the memory, medians over seeds."""
    frame = instances(summary)
    keys = ["program", "n", "d", "beta_fraction", "solver"]
    parts = {}
    for loss, some in frame.groupby("loss", sort=False):
        columns = {
            f"s_to_{error:.0e}": seconds_to(some, error)
            .replace(np.inf, np.nan)
            .stack()
            .groupby(keys)
            .median()
            for error in (ERROR, 1e-6)
        }
        rest = some.groupby(keys)[["peak_megabytes", "n_iterations"]].max()
        parts[loss] = rest.join(pd.DataFrame(columns))
    return pd.concat(parts, names=["loss"])
