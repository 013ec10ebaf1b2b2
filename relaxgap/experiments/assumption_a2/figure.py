"""Assumption (A2) at stationary points: what is left of the initial patterns."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.legends import legend_of_rows
from relaxgap.drawing.marks import colour_of, draw_band, marker_of, quartiles, ticks_at
from relaxgap.drawing.methods import method_name, method_names, method_order
from relaxgap.drawing.panel_rows import add_rows, panels_of_rows
from relaxgap.drawing.preserved_runs import (
    DIVERGED,
    INSTANCE,
    RUN,
    method_colours,
    span_text,
    widest_sweep,
)
from relaxgap.drawing.style import caption, new_figure

MEASURES = {
    "bits_kept": "activations",
    "interior_bits_kept": "activations off a boundary",
    "patterns_kept": "distinct patterns, of live neurons",
    "neurons_kept": "whole patterns, all neurons",
}
REFERENCE = "(A2) as the proof of Theorem 3 uses it: $1/2$"
SETTING = [*INSTANCE, "beta"]
UNCONVERGED = 1e-2
"""A larger residual is counted as not stationary."""
Panel = Callable[[Axes], None]


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw kept fractions of GD against width, beta and scale, and of each method against width.

    Diverged runs are in no line, runs that are not stationary are; the caption counts both.
    """
    ends = _ends(summary)
    kept = ends[ends["status"] != DIVERGED]
    colours = method_colours(kept["method"], len(MEASURES))
    panels = _panels(kept, colours)
    lengths = panels_of_rows(len(panels), 3) if panels else []
    figure = new_figure(max(10.8, 3.7 * max(lengths, default=0) + 0.4), 3.0 * len(lengths) + 1.2)
    if not panels:
        figure.text(0.5, 0.5, "every run diverged", ha="center")
    rows = add_rows(figure, lengths) if panels else []
    drawn = [axes for row in rows for axes in row]
    for axes, panel in zip(drawn, panels, strict=True):
        panel(axes)
        axes.axhline(0.5, color="black", linestyle="--", linewidth=1.1)
        axes.set_ylim(-0.03, 1.03)
    for row in rows:
        row[0].set_ylabel("fraction kept")
    if panels:
        _add_legend(figure, colours if len(colours) > 1 else {})
    caption(figure, *_caption_lines(summary, ends))
    return figure


def _ends(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each run, once where parts of a grid repeat it."""
    last = summary.groupby(RUN)["step"].transform("max")
    return summary[summary["step"] == last].drop_duplicates(RUN)


def _panels(kept: pd.DataFrame, colours: dict[str, str]) -> list[Panel]:
    plain = kept[(kept["init_scale"] == 1.0) & (kept["step_factor"] == 1.0)]
    sweeps = [
        widest_sweep(rows[rows["method"] == _first(rows)], "width", ["beta", "learning_rate"])
        for _, rows in plain.groupby(INSTANCE, sort=False)
    ]
    panels: list[Panel] = [
        partial(_draw_widths, rows=rows)
        for rows in sweeps
        if rows is not None and rows["width"].nunique() > 1
    ]
    of_methods = widest_sweep(plain, "method", SETTING, least=2)
    if of_methods is not None:
        panels.insert(1, partial(_draw_methods, rows=of_methods, colours=colours))
    gd = kept[kept["method"] == _first(kept)] if len(kept) else kept
    first = gd[(gd["init_scale"] == 1.0) & (gd["step_factor"] == 1.0)]
    betas = widest_sweep(first, "beta", [*INSTANCE, "width", "learning_rate"], least=2)
    if betas is not None:
        panels.append(partial(_draw_factor, rows=betas, x="beta", name=r"weight decay $\beta$"))
    scaled = widest_sweep(gd, "init_scale", [*SETTING, "width", "learning_rate"], least=2)
    if scaled is not None:
        panels.append(partial(_draw_factor, rows=scaled, x="init_scale", name="initial scale"))
    if not panels:
        panels = [
            partial(_draw_widths, rows=rows) for _, rows in kept.groupby(INSTANCE, sort=False)
        ]
    return panels


def _first(rows: pd.DataFrame) -> str:
    return str(min(rows["method"], key=method_order))


def _draw_widths(axes: Axes, rows: pd.DataFrame) -> None:
    _draw_measures(axes, rows, "width")
    _label(axes, rows, "width", "width $m$", 2)
    _title(axes, rows, method_name(rows["method"].iloc[0]))


def _draw_methods(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    for method, colour in colours.items():
        of_method = widest_sweep(rows[rows["method"] == method], "width", ["learning_rate"])
        if of_method is not None:
            for measure in ("bits_kept", "neurons_kept"):
                index = list(MEASURES).index(measure)
                draw_band(axes, quartiles(of_method, "width", measure), index, color=colour)
                _hollow_unconverged(axes, of_method, "width")
    _label(axes, rows, "width", "width $m$", 2)
    _title(axes, rows, "by method")


def _draw_factor(axes: Axes, rows: pd.DataFrame, x: str, name: str) -> None:
    _draw_measures(axes, rows, x)
    _label(axes, rows, x, name, 10)
    _title(axes, rows, f"{method_name(rows['method'].iloc[0])}, $m={rows['width'].iloc[0]}$", x)


def _draw_measures(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    for index, (measure, name) in enumerate(MEASURES.items()):
        draw_band(axes, quartiles(rows, x, measure), index, label=name)
        _hollow_unconverged(axes, rows, x)


def _hollow_unconverged(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    line, residuals = axes.lines[-1], rows.groupby(x)["residual"].median()
    far = np.flatnonzero(residuals.to_numpy() > UNCONVERGED)
    if len(far):
        places, values = line.get_data()
        axes.plot(
            np.asarray(places)[far],
            np.asarray(values)[far],
            linestyle="",
            marker=line.get_marker(),
            color=line.get_color(),
            markerfacecolor="white",
        )


def _label(axes: Axes, rows: pd.DataFrame, x: str, name: str, base: int) -> None:
    axes.set_xscale("log", base=base)
    ticks_at(axes, np.sort(rows[x].unique()))
    axes.set_xlabel(name)


def _title(axes: Axes, rows: pd.DataFrame, what: str, x: str = "") -> None:
    row = rows.iloc[0]
    setting = f"$n={row['n']}$, $d={row['d']}$"
    if x != "beta":
        setting += rf", $\beta={row['beta']:g}$"
    axes.set_title(f"{what}: {row['data']}\n{setting}", fontsize=9)


def _add_legend(figure: Figure, colours: dict[str, str]) -> None:
    measures = [
        Line2D([], [], color=colour_of(k), marker=marker_of(k), label=name)
        for k, name in enumerate(MEASURES.values())
    ]
    below = [
        Line2D([], [], color=colour, label=f"by method: {method_name(name)}")
        for name, colour in colours.items()
    ]
    below.append(Line2D([], [], color="black", linestyle="--", linewidth=1.1, label=REFERENCE))
    cut = [below[k : k + 4] for k in range(0, len(below), 4)]
    legend_of_rows(figure, measures, *cut, columns=4)


def _caption_lines(summary: pd.DataFrame, ends: pd.DataFrame) -> tuple[str, str]:
    diverged = int((ends["status"] == DIVERGED).sum())
    kept = ends[ends["status"] != DIVERGED]
    first = (
        "Both layers, weight decay, decaying steps. Median and quartiles over "
        f"{summary['seed'].nunique()} seeds. {diverged} of {len(ends)} runs diverged and are left "
        "out."
    )
    if not len(kept):
        return first, ""
    short = int((kept["residual"] > UNCONVERGED).sum())
    middle = kept["residual"].quantile(np.array([0.25, 0.5, 0.75]))
    second = (
        f"Clarke residual at the end: median {middle[0.5]:.1g}, quartiles {middle[0.25]:.1g} and "
        f"{middle[0.75]:.1g}; above {UNCONVERGED:g} in {short} of {len(kept)} runs (hollow: where "
        f"the median is). {span_text(100.0 * kept['live_neurons'], 3)}% of the neurons are live."
    )
    return first, second


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians at the end, and how many runs diverged or are not stationary."""
    ends = _ends(summary)
    ends = ends.assign(method=method_names(ends["method"]))
    key = ["data", "n", "beta", "method", "learning_rate", "init_scale", "width"]
    counts = ends.groupby(key, sort=False).agg(
        runs=("status", "size"),
        diverged=("status", lambda status: int((status == DIVERGED).sum())),
    )
    kept = ends[ends["status"] != DIVERGED]
    medians = kept.groupby(key)[[*MEASURES, "live_neurons", "residual"]].median()
    short = (kept["residual"] > UNCONVERGED).groupby([kept[column] for column in key]).sum()
    return counts.join(short.rename("unconverged")).join(medians)
