r"""The coupling lemma at matched loss: changed activations against width, method, step and scale."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from relaxgap.plots.preserved_runs import (
    DIVERGED,
    INSTANCE,
    matched_ends,
    relative_losses,
    slope_in_width,
    span_text,
    widest_sweep,
    with_changes,
)
from relaxgap.plots.ratios import LABELS, method_order
from relaxgap.plots.style import COLOURS, MARKERS, caption, draw_band, new_figure, quartiles

MATCHED = 0.01
"""Fraction of its initial loss at which a run of the experiment stops."""
MEASURES = {
    "bits_changed": ("activations", "sure_bits"),
    "neurons_changed": ("whole patterns (neurons)", "sure_neurons"),
}
BOUNDS = {
    "bits_bound": r"activations, expected: $\sqrt{2/\pi}\,\max_j\tau_j/\sigma$",
    "neurons_bound": r"patterns, expected: $n\sqrt{2/\pi}\,\max_j\tau_j/\sigma$",
    "li_liang_bound": r"patterns, Li & Liang: $e\,n\,\max_j\tau_j/\sigma$",
}
BOUND_MARKERS = (".", "x", "+")
METHOD_COLOURS = COLOURS[2:]
BOUND_COLOUR = "#444444"
FLOOR = 1e-4
"""Lowest end of a logarithmic axis of fractions."""
Panel = Callable[[Axes], None]


def draw(summary: pd.DataFrame) -> Figure:
    """Draw GD against the width on every data set, then methods, the way there, step and scale.

    Runs that did not reach the matched loss are counted in the caption and in no line.
    """
    rows = relative_losses(with_changes(summary))
    ends = matched_ends(rows, MATCHED)
    reached = ends[ends["matched"]]
    plain = reached[(reached["init_scale"] == 1.0) & (reached["step_factor"] == 1.0)]
    gd = _one_method(plain)
    top = _width_panels(gd)
    bottom = _method_panels(plain) + _way_panels(rows) + _factor_panels(reached, gd)
    shown = [panels for panels in (top, bottom) if panels]
    figure = new_figure(12.4, 4.1 * max(1, len(shown)) + 0.2)
    if not shown:
        figure.text(0.5, 0.5, f"no run reached {MATCHED:.0%} of its initial loss", ha="center")
    parts: Any = figure.subfigures(max(1, len(shown)), 1, squeeze=False)[:, 0]
    for part, panels in zip(parts, shown, strict=False):
        # the panels of a row share their kind of data, not their numbers
        for axes, panel in zip(part.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            panel(axes)
            axes.set_yscale("log")
            low, high = axes.get_ylim()
            axes.set_ylim(max(low, FLOOR), min(max(high, 1.0), 1.3))
        part.axes[0].set_ylabel("fraction changed")
    if top:
        drawn = {str(line.get_gid()) for axes in parts[0].axes for line in axes.lines}
        handles = _bound_handles(gd, [bound for bound in BOUNDS if bound in drawn])
        parts[0].legend(handles=handles, loc="outside upper center", ncols=5)
    if bottom:
        methods = sorted(rows["method"].unique(), key=method_order)
        parts[len(shown) - 1].legend(
            handles=_method_handles(methods), loc="outside upper center", ncols=5
        )
    caption(figure, *_caption_lines(summary, ends))
    return figure


def _one_method(plain: pd.DataFrame) -> pd.DataFrame:
    """Return full-batch GD, the lemma's method, or the first there is, with its main step size."""
    methods = plain["method"].unique()
    if not len(methods):
        return plain
    chosen = plain[plain["method"] == min(methods, key=method_order)]
    sweep = widest_sweep(chosen.assign(case=_cases(chosen)), "case", ["learning_rate"])
    return chosen if sweep is None else sweep


def _cases(frame: pd.DataFrame) -> pd.Series:
    return frame["data"].astype(str) + frame["n"].astype(str) + frame["width"].astype(str)


def _width_panels(gd: pd.DataFrame) -> list[Panel]:
    return [partial(_draw_widths, rows=rows) for _, rows in gd.groupby(INSTANCE, sort=False)]


def _draw_widths(axes: Axes, rows: pd.DataFrame) -> None:
    _draw_measures(axes, rows, "width")
    for bound, marker in zip(BOUNDS, BOUND_MARKERS, strict=True):
        values = rows.groupby("width")[bound].median()
        below = values[values < 1.0]
        if len(below):
            axes.plot(below.index, below, ":", color=BOUND_COLOUR, marker=marker, gid=bound)
    bits = rows.groupby("width")["bits_changed"].median()
    if len(bits) > 1 and (bits > 0.0).all():
        widths = bits.index.to_numpy(dtype=float)
        level = np.exp(np.mean(np.log(bits) + 0.5 * np.log(widths)))
        axes.plot(widths, 0.75 * level / np.sqrt(widths), "-.", color="black", linewidth=1.0)
    _label_widths(axes, rows)
    slopes = ", ".join(
        f"{name} {_slope_text(*slope_in_width(rows, changed))}"
        for changed, name in (("bits_changed", "activations"), ("neurons_changed", "patterns"))
    )
    n, d = rows["n"].iloc[0], rows["d"].iloc[0]
    head = rf"{_data_name(rows)}, $n={n}$, $d={d}$"
    axes.set_title(f"{head}\nslopes: {slopes}" if "nan" not in slopes else head, fontsize=9)


def _draw_measures(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    for index, (measure, (name, sure)) in enumerate(MEASURES.items()):
        draw_band(axes, rows, x, measure, name, index)
        bound = rows.groupby(x)[sure].median()
        axes.plot(bound.index, bound, "--", color=COLOURS[index], linewidth=1.1)
    axes.set_xscale("log")


def _method_panels(plain: pd.DataFrame) -> list[Panel]:
    """Return the panel of the data set on which there is more than one method, if there is."""
    rows = widest_sweep(plain, "method", INSTANCE, least=2)
    return [] if rows is None else [partial(_draw_methods, rows=rows)]


def _draw_methods(axes: Axes, rows: pd.DataFrame) -> None:
    for method in sorted(rows["method"].unique(), key=method_order):
        of_method = widest_sweep(rows[rows["method"] == method], "width", ["learning_rate"])
        if of_method is not None:
            for index, measure in enumerate(MEASURES):
                _draw_of_method(axes, quartiles(of_method, "width", measure), method, index)
    axes.set_xscale("log")
    _label_widths(axes, rows)
    axes.set_title(f"methods at matched loss\n{_data_name(rows)}", fontsize=9)


def _draw_of_method(
    axes: Axes, bands: pd.DataFrame, method: str, index: int, places: pd.Series | None = None
) -> None:
    colour = _colour(method)
    x = bands.index.to_numpy(dtype=float) if places is None else places.to_numpy()
    axes.plot(x, bands[0.5], "-", color=colour, marker=MARKERS[index])
    axes.fill_between(x, bands[0.25], bands[0.75], color=colour, alpha=0.15, linewidth=0)


def _way_panels(rows: pd.DataFrame) -> list[Panel]:
    way = rows[rows["on_the_way"] & (rows["step"] > 0) & np.isfinite(rows["loss_ratio"])]
    way = way[(way["init_scale"] == 1.0) & (way["step_factor"] == 1.0)]
    # several widths or data sets would be several figures
    one = widest_sweep(way, "method", [*INSTANCE, "width"])
    return [] if one is None else [partial(_draw_way, rows=one)]


def _draw_way(axes: Axes, rows: pd.DataFrame) -> None:
    for method in sorted(rows["method"].unique(), key=method_order):
        of_method = rows[rows["method"] == method]
        losses = of_method.groupby("step")["loss_ratio"].median()
        for index, measure in enumerate(MEASURES):
            _draw_of_method(axes, quartiles(of_method, "step", measure), method, index, losses)
    axes.set_xscale("log")
    axes.axvline(MATCHED, color="black", linewidth=0.8, linestyle="--")
    axes.invert_xaxis()
    axes.set_xlabel(r"training loss over the initial one")
    axes.set_title(f"on the way, $m={rows['width'].iloc[0]}$\n{_data_name(rows)}", fontsize=9)


def _factor_panels(reached: pd.DataFrame, gd: pd.DataFrame) -> list[Panel]:
    of_method = reached[reached["method"].isin(gd["method"])]
    panels: list[Panel] = []
    steps = widest_sweep(
        of_method[of_method["init_scale"] == 1.0], "learning_rate", [*INSTANCE, "width"], least=2
    )
    if steps is not None:
        panels.append(
            partial(
                _draw_factor, rows=steps, x="learning_rate", name=r"step size times width, $\eta m$"
            )
        )
    scales = widest_sweep(
        of_method[of_method["step_factor"] == 1.0],
        "init_scale",
        [*INSTANCE, "width", "learning_rate"],
        least=2,
    )
    if scales is not None:
        name = r"initial scale, $\sigma\sqrt{m}$"
        panels.append(partial(_draw_factor, rows=scales, x="init_scale", name=name))
    return panels


def _draw_factor(axes: Axes, rows: pd.DataFrame, x: str, name: str) -> None:
    _draw_measures(axes, rows, x)
    values = np.sort(rows[x].unique())
    axes.set_xticks(values, [f"{value:.3g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(name)
    method = rows["method"].iloc[0]
    axes.set_title(
        f"{LABELS.get(method, method)}, $m={rows['width'].iloc[0]}$\n{_data_name(rows)}", fontsize=9
    )


def _label_widths(axes: Axes, rows: pd.DataFrame) -> None:
    widths = np.sort(rows["width"].unique())
    # every other one where they are close
    kept = widths[::-1][:: 2 if len(widths) > 5 else 1][::-1]
    axes.set_xticks(kept, [f"{width}" for width in kept])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("width $m$")


def _data_name(rows: pd.DataFrame) -> str:
    return str(rows["data"].iloc[0])


def _colour(method: str) -> str:
    return METHOD_COLOURS[method_order(method) % len(METHOD_COLOURS)]


def _slope_text(slope: float, error: float) -> str:
    return f"${slope:.2f}$" if np.isnan(error) else rf"${slope:.2f} \pm {error:.2f}$"


def _bound_handles(gd: pd.DataFrame, bounds: list[str]) -> list[Line2D]:
    method = LABELS.get(gd["method"].iloc[0], gd["method"].iloc[0])
    handles = [
        Line2D([], [], color=COLOURS[k], marker=MARKERS[k], label=f"{method}: {name}")
        for k, (name, _) in enumerate(MEASURES.values())
    ]
    sure = r"sure bound, same colour: $|x_i^\top w_j(0)| \leq \tau_j\,|x_i|$"
    handles.append(Line2D([], [], color=BOUND_COLOUR, linestyle="--", linewidth=1.1, label=sure))
    for bound, marker in zip(BOUNDS, BOUND_MARKERS, strict=True):
        if bound in bounds:
            line = Line2D([], [], color=BOUND_COLOUR, linestyle=":", marker=marker)
            line.set_label(BOUNDS[bound])
            handles.append(line)
    slope = r"slope $-1/2$"
    handles.append(Line2D([], [], color="black", linestyle="-.", linewidth=1.0, label=slope))
    return handles


def _method_handles(methods: list[str]) -> list[Line2D]:
    lines = [
        Line2D([], [], color=_colour(method), label=LABELS.get(method, method))
        for method in methods
    ]
    marks = [
        Line2D([], [], color=BOUND_COLOUR, linestyle="", marker=MARKERS[k], label=name)
        for k, (name, _) in enumerate(MEASURES.values())
    ]
    return [*lines, *marks]


def _caption_lines(summary: pd.DataFrame, ends: pd.DataFrame) -> tuple[str, str]:
    reached = ends[ends["matched"]]
    diverged = int((ends["status"] == DIVERGED).sum())
    short = len(ends) - len(reached) - diverged
    first = (
        f"First layer only, no weight decay. Median and quartiles over {summary['seed'].nunique()} "
        f"seeds. {len(reached)} of {len(ends)} runs reached the matched loss"
    )
    if len(reached):
        first += f" ({span_text(reached['loss_ratio'])} of the initial one)"
    first += f"; left out: {short} that did not, {diverged} that diverged."
    second = r"$\tau_j$: distance neuron $j$ moved; $\sigma=1/\sqrt{m}$."
    if len(reached) and reached["li_liang_bound"].min() >= 1.0:
        second += (
            " Vacuous in every run, hence not drawn: Li & Liang's bound for patterns, "
            rf"$e\,n\max_j\tau_j/\sigma \geq {reached['li_liang_bound'].min():.2g}$, and "
            rf"$n\sqrt{{2/\pi}}\max_j\tau_j/\sigma \geq {reached['neurons_bound'].min():.2g}$."
        )
    return first, second


def table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return medians at the matched loss, how many runs reached it, and slopes in the width."""
    ends = matched_ends(relative_losses(with_changes(summary)), MATCHED)
    ends = ends.assign(method=ends["method"].map(LABELS.get).fillna(ends["method"]))
    key = ["data", "method", "learning_rate", "init_scale", "width"]
    columns = ["loss_ratio", "bits_changed", "neurons_changed", "sure_bits", "sure_neurons"]
    columns += ["max_movement", "mean_movement", "bits_bound", "li_liang_bound"]
    counts = ends.groupby(key, sort=False).agg(
        runs=("matched", "size"),
        reached=("matched", "sum"),
        diverged=("status", lambda status: int((status == DIVERGED).sum())),
    )
    reached = ends[ends["matched"]]
    result = counts.join(reached.groupby(key)[columns].median())
    for of_sweep, rows in reached.groupby(key[:-1], sort=False):
        for place, name in enumerate(("slope", "s.e.")):
            fits = {c: slope_in_width(rows, c)[place] for c in ("bits_changed", "neurons_changed")}
            if not np.isnan(list(fits.values())).all():
                result.loc[(*of_sweep, name), list(fits)] = list(fits.values())
    return result.sort_index(level=key[:-1], sort_remaining=False)
