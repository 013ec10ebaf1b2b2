"""Assumption (A2) at stationary points: what is left of the initial patterns."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from relaxgap.plots.preserved_runs import DIVERGED, INSTANCE, span_text, widest_sweep
from relaxgap.plots.ratios import LABELS, method_order
from relaxgap.plots.style import COLOURS, MARKERS, caption, draw_band, new_figure

MEASURES = {
    "bits_kept": "activations",
    "interior_bits_kept": "activations off a boundary",
    "patterns_kept": "distinct patterns, of live neurons",
    "neurons_kept": "whole patterns (neurons)",
}
REFERENCE = "(A2) as the proof of Theorem 3 uses it: $1/2$ of the patterns"
SETTING = [*INSTANCE, "beta"]
METHOD_COLOURS = COLOURS[4:]
UNCONVERGED = 1e-2
"""A larger residual is counted as not stationary."""
PANELS_IN_A_ROW = 3
Panel = Callable[[Axes], None]


def draw(summary: pd.DataFrame) -> Figure:
    """Draw kept fractions of GD against width, beta and scale, and of each method against width.

    Diverged runs are in no line, runs that are not stationary are; the caption counts both.
    """
    ends = _ends(summary)
    kept = ends[ends["status"] != DIVERGED]
    panels = _panels(kept)
    n_rows = -(-len(panels) // PANELS_IN_A_ROW) or 1
    n_columns = min(len(panels), PANELS_IN_A_ROW) or 1
    figure = new_figure(max(7.0, 3.7 * n_columns + 0.4), 3.0 * n_rows + 1.2)
    if not panels:
        figure.text(0.5, 0.5, "every run diverged", ha="center")
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(n_rows, n_columns, place + 1)
        panel(axes)
        axes.axhline(0.5, color="black", linestyle="--", linewidth=1.1)
        axes.set_ylim(-0.03, 1.03)
        if place % n_columns == 0:
            axes.set_ylabel("fraction kept")
    if panels:
        methods = sorted(kept["method"].unique(), key=method_order)
        figure.legend(
            handles=_handles(methods if len(methods) > 1 else []),
            loc="outside upper center",
            ncols=3,
        )
    caption(figure, *_caption_lines(summary, ends))
    return figure


def _ends(summary: pd.DataFrame) -> pd.DataFrame:
    return summary[summary["step"] == summary.groupby("method")["step"].transform("max")]


def _panels(kept: pd.DataFrame) -> list[Panel]:
    plain = kept[(kept["init_scale"] == 1.0) & (kept["step_factor"] == 1.0)]
    panels: list[Panel] = []
    main = widest_sweep(plain, "method", SETTING)
    if main is None:
        main = plain
    for _, rows in _by_size(plain):
        one = rows[rows["method"] == min(rows["method"], key=method_order)]
        sweep = widest_sweep(one, "width", ["beta", "learning_rate"])
        # a single width is in a panel against something else, unless it is all there is
        if sweep is not None and (sweep["width"].nunique() > 1 or len(one) == len(kept)):
            panels.append(partial(_draw_widths, rows=sweep))
    if main["method"].nunique() > 1:
        panels.insert(1 if panels else 0, partial(_draw_methods, rows=main))
    gd = kept[kept["method"] == min(kept["method"], key=method_order)] if len(kept) else kept
    first = gd[(gd["init_scale"] == 1.0) & (gd["step_factor"] == 1.0)]
    betas = widest_sweep(first, "beta", [*INSTANCE, "width", "learning_rate"], least=2)
    if betas is not None:
        panels.append(partial(_draw_factor, rows=betas, x="beta", name=r"weight decay $\beta$"))
    scaled = widest_sweep(gd, "init_scale", [*SETTING, "width", "learning_rate"], least=2)
    if scaled is not None:
        panels.append(partial(_draw_factor, rows=scaled, x="init_scale", name="initial scale"))
    return panels


def _by_size(plain: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    return list(plain.groupby(INSTANCE, sort=False))


def _draw_widths(axes: Axes, rows: pd.DataFrame) -> None:
    _draw_measures(axes, rows, "width")
    _label(axes, rows, "width", "width $m$", 2)
    _title(axes, rows, _name(rows["method"].iloc[0]))


def _draw_methods(axes: Axes, rows: pd.DataFrame) -> None:
    for method in sorted(rows["method"].unique(), key=method_order):
        of_method = widest_sweep(rows[rows["method"] == method], "width", ["learning_rate"])
        if of_method is not None:
            for measure in ("bits_kept", "neurons_kept"):
                index = list(MEASURES).index(measure)
                draw_band(axes, of_method, "width", measure, method, index)
                axes.lines[-1].set_color(_colour(method))
                axes.collections[-1].set_color(_colour(method))
    _label(axes, rows, "width", "width $m$", 2)
    _title(axes, rows, "by method")


def _draw_factor(axes: Axes, rows: pd.DataFrame, x: str, name: str) -> None:
    _draw_measures(axes, rows, x)
    _label(axes, rows, x, name, 10)
    _title(axes, rows, f"{_name(rows['method'].iloc[0])}, $m={rows['width'].iloc[0]}$", x)


def _draw_measures(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    for index, (measure, name) in enumerate(MEASURES.items()):
        draw_band(axes, rows, x, measure, name, index)


def _label(axes: Axes, rows: pd.DataFrame, x: str, name: str, base: int) -> None:
    values = np.sort(rows[x].unique())
    axes.set_xscale("log", base=base)
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(name)


def _title(axes: Axes, rows: pd.DataFrame, what: str, x: str = "") -> None:
    row = rows.iloc[0]
    setting = f"$n={row['n']}$, $d={row['d']}$"
    if x != "beta":
        setting += rf", $\beta={row['beta']:g}$"
    axes.set_title(f"{what}: {row['data']}\n{setting}", fontsize=9)


def _name(method: str) -> str:
    return LABELS.get(method, method)


def _colour(method: str) -> str:
    return METHOD_COLOURS[method_order(method) % len(METHOD_COLOURS)]


def _handles(methods: list[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=COLOURS[k], marker=MARKERS[k], label=name)
        for k, name in enumerate(MEASURES.values())
    ]
    handles += [Line2D([], [], color=_colour(name), label=_name(name)) for name in methods]
    return [*handles, Line2D([], [], color="black", linestyle="--", linewidth=1.1, label=REFERENCE)]


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
        f"{middle[0.75]:.1g}; above {UNCONVERGED:g} in {short} of {len(kept)} runs, drawn as they "
        f"are. {span_text(100.0 * kept['live_neurons'], 3)}% of the neurons are live."
    )
    return first, second


def table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return medians at the end, and how many runs diverged or are not stationary."""
    ends = _ends(summary)
    ends = ends.assign(method=ends["method"].map(LABELS.get).fillna(ends["method"]))
    key = ["data", "n", "beta", "method", "learning_rate", "init_scale", "width"]
    counts = ends.groupby(key, sort=False).agg(
        runs=("status", "size"),
        diverged=("status", lambda status: int((status == DIVERGED).sum())),
    )
    kept = ends[ends["status"] != DIVERGED]
    medians = kept.groupby(key)[[*MEASURES, "live_neurons", "residual"]].median()
    short = (kept["residual"] > UNCONVERGED).groupby([kept[column] for column in key]).sum()
    return counts.join(short.rename("unconverged")).join(medians)
