"""The program over a stationary network's own patterns against its loss, Eq. (19)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.numbers import scientific
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
from relaxgap.drawing.style import GREY, new_figure

PROGRAMS = {
    "signed": "one sign a block, Eq. (19)",
    "both_signs": "both signs",
}
THRESHOLD = 1e-5
"""Both signs fall below the signed program by more than this share of its bound, or do not."""
LINEAR_BELOW = 1e-9
LEAST_FALL = 1e-8
"""A run that falls by less, or not at all, is drawn here."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what both programs are off the loss against the residual, and how many runs fall.

    Raises
    ------
    DataError
        If every run diverged.
    """
    runs = with_differences(summary)
    refuse_without_end(runs["diverged"])
    ended = runs[~runs["diverged"]]
    figure = new_figure(3.5)
    grid = figure.subplots(1, 3)
    labels = list(runs.sort_values("width", kind="stable")["series"].drop_duplicates())
    for axes, program in zip(grid, PROGRAMS, strict=False):
        _draw_differences(axes, ended, program, labels)
    _scale_differences(list(grid[:2]), ended)
    _draw_falls(grid[2], ended, labels)
    name_panels(list(grid), [*PROGRAMS.values(), "how far both signs fall"])
    legend_above(figure, _handles(labels), columns=4)
    n_runs, n_failing = ended["run"].nunique(), ended.loc[ended["fails"], "run"].nunique()
    annotate(
        figure,
        f"With both signs for every pattern {n_failing} of {n_runs} networks are beaten by more "
        f"than {scientific(THRESHOLD)}",
        *_caption(runs),
    )
    return figure


FIGURES = {"": draw}


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return how far both programs are from the loss, by width and setting of the boundary bits.

    ``failures`` are certified: the value with both signs is below the lower bound of the signed
    program by more than `THRESHOLD` of it; ``fall_max`` is the largest such share.
    """
    runs = with_differences(summary)
    kept = runs.where(~runs["diverged"])
    kept[["series", "width", "boundary", "diverged"]] = runs[
        ["series", "width", "boundary", "diverged"]
    ]
    kept["off"] = kept["signed_off"].abs()
    kept["fails"] = runs["fails"]
    kept["fall"] = kept["fall"].where(runs["fails"])
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
    fall = 1.0 - summary["both_signs"] / summary["signed_bound"]
    return summary.assign(
        series=series_labels(summary, "width"),
        run=summary.groupby(RUN_KEYS, sort=False, dropna=False).ngroup(),
        signed_off=signed,
        both_signs_off=both,
        signed_low=summary["signed_bound"] / loss - 1.0,
        both_signs_low=summary["both_signs_bound"] / loss - 1.0,
        # below the bound, not only the value: further apart than both gaps
        fall=fall,
        fails=~has_diverged & (fall > THRESHOLD),
        diverged=has_diverged,
        unconverged=~has_diverged & ~(summary["residual"] <= UNCONVERGED),
    )


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
                markersize=3,
                fillstyle="full" if boundary == "active" else "none",
                alpha=0.7,
                elinewidth=0.6,
                markeredgewidth=0.6,
            )
    limits = 0.5 * runs["residual"].clip(lower=1e-16).min(), 2.0 * runs["residual"].max()
    ends = np.geomspace(*limits, 100)
    axes.fill_between(ends, -ends, ends, color=GREY, alpha=0.15, linewidth=0)
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_xlabel("Clarke residual, relative")


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
    panels[0].set_ylabel("value over the loss, less 1")
    panels[1].tick_params(labelleft=False)


def _draw_falls(axes: Axes, runs: pd.DataFrame, labels: list[str]) -> None:
    """Draw the share of runs that fall by more than any amount, at their worst boundary."""
    falls = runs.groupby(["series", "run"])["fall"].max().clip(lower=LEAST_FALL)
    for index, label in enumerate(labels):
        if label not in falls.index.get_level_values("series"):
            continue
        ordered = np.sort(falls.loc[label].to_numpy())
        above = 1.0 - np.arange(ordered.size + 1) / ordered.size
        places = np.concatenate([[LEAST_FALL], ordered])
        axes.step(places, above, where="post", color=colour_of(index))
    axes.axvline(THRESHOLD, color=GREY, linestyle="--", linewidth=1.0)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_FALL, 1.0)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("fall below the signed bound")
    axes.set_ylabel("share of runs that fall further")


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
    band = Line2D([], [], color=GREY, alpha=0.3, linewidth=6, label=r"within $\pm$ the residual")
    return [*widths, *settings, band]


def _caption(runs: pd.DataFrame) -> tuple[str, str]:
    single = runs.drop_duplicates("run")
    n_diverged, n_unconverged = int(single["diverged"].sum()), int(single["unconverged"].sum())
    gaps = [(1.0 - runs[f"{program}_bound"] / runs[program]).max() for program in PROGRAMS]
    of_run = runs.groupby("run")["fails"]
    n_dependent = int((of_run.any() & ~of_run.all()).sum())
    return (
        f"{shared_settings(runs, 'width')}; {single['seed'].nunique()} seeds, {len(single)} runs; "
        f"values proven to {scientific(max(gaps))} (whiskers down to the bounds); "
        f"{certified_to(runs)}.",
        f"Dashed in (c): {scientific(THRESHOLD)}; {n_dependent} runs fall further for one setting "
        "of the boundary bits only. "
        f"{count_of(n_diverged, len(single), 'diverged').capitalize()}; "
        f"{count_of(n_unconverged, len(single), 'stopped')} with a residual above {UNCONVERGED:g}.",
    )
