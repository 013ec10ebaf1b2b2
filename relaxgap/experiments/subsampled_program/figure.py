"""The program over a stationary network's own patterns against its loss, Eq. (19)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.run_outcomes import (
    RUN_KEYS,
    UNCONVERGED,
    certified_to,
    count_of,
    diverged,
    refuse_without_end,
    series_labels,
    shared_settings,
)
from relaxgap.drawing.style import caption, new_figure

PROGRAMS = {
    "signed": "one sign a block, Eq. (19)",
    "both_signs": "both signs for every pattern",
}
FACTOR = 10.0
"""A failure of both signs is this many times what the signed program is off the loss."""
LARGE = 1e-3
LINEAR_BELOW = 1e-9


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what both programs are off the loss against the residual, and the runs that fail.

    Raises
    ------
    DataError
        If every run diverged.
    """
    runs = with_differences(summary)
    refuse_without_end(runs["diverged"])
    ended = runs[~runs["diverged"]]
    failing = _failing_runs(ended)
    n_columns = 3 if len(failing) else 2
    figure = new_figure(4.1 * n_columns + 0.4, 4.7)
    grid = figure.subplots(1, n_columns, squeeze=False)[0]
    labels = list(runs.sort_values("width", kind="stable")["series"].drop_duplicates())
    for axes, program in zip(grid, PROGRAMS, strict=False):
        _draw_differences(axes, ended, program, labels)
    _scale_differences(list(grid[:2]), ended)
    if len(failing):
        _draw_failing(grid[2], failing, labels)
    legend_above(figure, _handles(labels), columns=4)
    caption(figure, *_caption_lines(runs, failing))
    return figure


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return how far both programs are from the loss, by width and setting of the boundary bits.

    ``failures`` are certified: the value with both signs is below the lower bound of the signed
    program, by more than ten times what that one is off the loss; ``fall`` is their share of it.
    """
    runs = with_differences(summary)
    kept = runs.where(~runs["diverged"])
    kept[["series", "width", "boundary", "diverged"]] = runs[
        ["series", "width", "boundary", "diverged"]
    ]
    kept["off"] = kept["signed_off"].abs()
    kept["fails"] = runs["fails"]
    kept["fall"] = (-kept["both_signs_off"]).where(runs["fails"])
    kept["unconverged"] = runs["unconverged"]
    return (
        kept.groupby(["series", "boundary"])
        .agg(
            width=("width", "first"),
            runs=("diverged", "size"),
            diverged=("diverged", "sum"),
            unconverged=("unconverged", "sum"),
            residual=("residual", "median"),
            boundary_bits=("n_boundary_bits", "mean"),
            signed_median=("off", "median"),
            signed_max=("off", "max"),
            failures=("fails", "sum"),
            fall_max=("fall", "max"),
        )
        .reset_index()
        .sort_values(["width", "series", "boundary"], kind="stable")
        .drop(columns="width")
        .set_index(["series", "boundary"])
    )


def with_differences(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with value / loss - 1 of both programs and whether both signs fail."""
    has_diverged = diverged(summary)
    loss = summary["loss"].where(~has_diverged)
    signed = summary["signed"] / loss - 1.0
    both = summary["both_signs"] / loss - 1.0
    return summary.assign(
        series=series_labels(summary, "width"),
        run=summary.groupby(RUN_KEYS, sort=False, dropna=False).ngroup(),
        signed_off=signed,
        both_signs_off=both,
        signed_low=summary["signed_bound"] / loss - 1.0,
        both_signs_low=summary["both_signs_bound"] / loss - 1.0,
        # below the bound, not only the value: further apart than both gaps
        fails=(summary["both_signs"] < summary["signed_bound"]) & (-both > FACTOR * signed.abs()),
        diverged=has_diverged,
        unconverged=~has_diverged & ~(summary["residual"] <= UNCONVERGED),
    )


def _failing_runs(ended: pd.DataFrame) -> pd.DataFrame:
    """Return all rows of the runs that fail for some setting of the boundary bits, worst last."""
    failing = ended[ended.groupby("run")["fails"].transform("any")]
    worst = failing.groupby("run")["both_signs_off"].min().sort_values(ascending=False)
    places = pd.Series(np.arange(1, len(worst) + 1), index=worst.index)
    return failing.assign(place=failing["run"].map(places))


def _draw_differences(axes: Axes, runs: pd.DataFrame, program: str, labels: list[str]) -> None:
    for index, label in enumerate(labels):
        colour, marker = colour_of(index), marker_of(index)
        for boundary, rows in runs[runs["series"] == label].groupby("boundary"):
            value = rows[f"{program}_off"].to_numpy(dtype=np.float64)
            below = value - rows[f"{program}_low"].to_numpy(dtype=np.float64)
            axes.errorbar(
                rows["residual"].clip(lower=1e-16),
                value,
                yerr=np.array([below, np.zeros_like(below)]),
                linestyle="",
                color=colour,
                marker=marker,
                markersize=4.5,
                fillstyle="full" if boundary == "active" else "none",
                alpha=0.7,
                elinewidth=0.8,
            )
    limits = 0.5 * runs["residual"].clip(lower=1e-16).min(), 2.0 * runs["residual"].max()
    ends = np.geomspace(*limits, 100)
    axes.fill_between(ends, -ends, ends, color="#777777", alpha=0.12, linewidth=0)
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_xlabel("Clarke residual of the network, relative")
    axes.set_title(PROGRAMS[program], fontsize=10)


def _scale_differences(panels: Sequence[Axes], runs: pd.DataFrame) -> None:
    """Show what there is of both programs on one axis, linear around the loss."""
    values = runs[["signed_off", "both_signs_off"]]
    exponents = np.arange(round(np.log10(LINEAR_BELOW)) + 1, 3, 2)
    ticks = 10.0**exponents
    for axes in panels:
        axes.set_yscale("symlog", linthresh=LINEAR_BELOW, linscale=0.4)
        axes.set_ylim(
            min(3.0 * values.min().min(), -10.0 * LINEAR_BELOW),
            max(10.0 * values.max().max(), LINEAR_BELOW),
        )
        low, high = axes.get_ylim()
        shown = [tick for tick in (*-ticks[::-1], 0.0, *ticks) if low <= tick <= high]
        axes.yaxis.set_major_locator(FixedLocator(shown))
        axes.yaxis.set_minor_locator(NullLocator())
    panels[0].set_ylabel("value of the program over the loss, less 1")
    panels[1].tick_params(labelleft=False)


def _draw_failing(axes: Axes, failing: pd.DataFrame, labels: list[str]) -> None:
    for _, rows in failing.groupby("run"):
        index = labels.index(rows["series"].iloc[0])
        colour, marker = colour_of(index), marker_of(index)
        falls = -100.0 * rows["both_signs_off"]
        axes.plot(rows["place"], falls, color=colour, linewidth=0.8)
        for boundary, fall, place in zip(rows["boundary"], falls, rows["place"], strict=True):
            style = "full" if boundary == "active" else "none"
            axes.plot(place, fall, color=colour, marker=marker, fillstyle=style)
    axes.set_yscale("symlog", linthresh=0.01, linscale=0.5)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=-0.002)
    axes.set_xticks([])
    axes.set_xlabel("runs that fail, by their worst setting")
    axes.set_ylabel("both signs: below the loss by, %")
    axes.set_title("failures, both settings of the boundary", fontsize=10)


def _handles(labels: list[str]) -> list[Line2D]:
    widths = [
        Line2D(
            [],
            [],
            linestyle="",
            color=colour_of(index),
            marker=marker_of(index),
            label=label,
        )
        for index, label in enumerate(labels)
    ]
    settings = [
        Line2D([], [], linestyle="", color="#444444", marker="o", markerfacecolor=face, label=name)
        for face, name in (("#444444", "boundary active"), ("none", "boundary inactive"))
    ]
    band = Line2D(
        [], [], color="#777777", alpha=0.3, linewidth=6, label=r"within $\pm$ the residual"
    )
    return [*widths, *settings, band]


def _caption_lines(runs: pd.DataFrame, failing: pd.DataFrame) -> tuple[str, str]:
    single = runs.drop_duplicates("run")
    shared = shared_settings(runs, "width")
    n_diverged, n_unconverged = int(single["diverged"].sum()), int(single["unconverged"].sum())
    gaps = [(1.0 - runs[f"{program}_bound"] / runs[program]).max() for program in PROGRAMS]
    n_dependent = int((failing.groupby("run")["fails"].nunique() > 1).sum()) if len(failing) else 0
    large = failing.loc[failing["fails"] & (-failing["both_signs_off"] > LARGE), "run"].nunique()
    strict = count_of(
        failing["run"].nunique(), len(single), "fell strictly below the loss with both signs"
    )
    depends = (
        f", {n_dependent} of them for one setting of the boundary bits only" if n_dependent else ""
    )
    return (
        f"{shared}; {single['seed'].nunique()} seeds, {len(single)} runs; values proven to "
        f"{max(gaps):.0e} (whiskers down to the bounds); {certified_to(runs)}",
        f"{strict} ({large} by more than {100.0 * LARGE:g}%){depends}; "
        f"{count_of(n_diverged, len(single), 'diverged')}; "
        f"{count_of(n_unconverged, len(single), 'stopped')} with a residual above {UNCONVERGED:g}",
    )
