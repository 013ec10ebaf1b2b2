"""The coupling lemma at matched loss: changed activations against width, method, step and scale."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.legends import legend_of_rows
from relaxgap.drawing.methods import method_name, method_names, method_order
from relaxgap.drawing.panel_rows import panels_of_rows
from relaxgap.drawing.preserved_runs import (
    DIVERGED,
    INSTANCE,
    matched_ends,
    method_colours,
    relative_losses,
    span_text,
    widest_sweep,
    with_changes,
)
from relaxgap.drawing.style import COLOURS, MARKERS, caption, new_figure
from relaxgap.experiments.coupling_lemma.panels import (
    BOUND_COLOUR,
    BOUND_MARKERS,
    BOUNDS,
    draw_panels,
    factor_panels,
    method_panels,
    way_panels,
    width_panels,
)
from relaxgap.experiments.coupling_lemma.slopes import MATCHED, MEASURES, statistics

__all__ = ["draw", "statistics", "table"]


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw GD against the width on every data set, then methods, the way there, step and scale.

    Runs that did not reach the matched loss are counted in the caption and in no line.
    """
    rows = relative_losses(with_changes(summary))
    ends = matched_ends(rows, MATCHED)
    reached = ends[ends["matched"]]
    plain = reached[(reached["init_scale"] == 1.0) & (reached["step_factor"] == 1.0)]
    gd = _one_method(plain)
    colours = method_colours(rows["method"], 2)
    of_methods = method_panels(plain, colours) + way_panels(rows, colours)
    panels = [*width_panels(gd, statistics), *of_methods, *factor_panels(reached, gd)]
    lengths = panels_of_rows(len(panels), 4) if panels else []
    figure = new_figure(max(10.8, 3.1 * max(lengths, default=0)), 3.5 * len(lengths) + 0.9)
    if panels:
        draw_panels(figure, lengths, panels)
        _add_legend(figure, gd, colours if of_methods else {})
    else:
        figure.text(0.5, 0.5, f"no run reached {MATCHED:.0%} of its initial loss", ha="center")
    caption(figure, *_caption_lines(summary, ends))
    return figure


def _one_method(plain: pd.DataFrame) -> pd.DataFrame:
    """Return full-batch GD, the lemma's method, or the first there is.

    Of several step sizes on a data set, the one with the most widths.
    """
    methods = plain["method"].unique()
    chosen = plain[plain["method"] == min(methods, key=method_order, default="gd")]
    sweeps = [
        widest_sweep(rows, "width", ["learning_rate"])
        for _, rows in chosen.groupby(INSTANCE, sort=False)
    ]
    return pd.concat([chosen.iloc[:0], *[rows for rows in sweeps if rows is not None]])


def _add_legend(figure: Figure, gd: pd.DataFrame, colours: dict[str, str]) -> None:
    drawn = {str(line.get_gid()) for axes in figure.axes for line in axes.lines}
    bounds = [
        Line2D([], [], color=BOUND_COLOUR, linestyle=":", marker=marker, label=label)
        for (bound, label), marker in zip(BOUNDS.items(), BOUND_MARKERS, strict=True)
        if bound in drawn
    ]
    measures = []
    if len(gd):
        method = method_name(gd["method"].iloc[0])
        measures = [
            Line2D([], [], color=COLOURS[k], marker=MARKERS[k], label=f"{method}: {name}")
            for k, (name, _) in enumerate(MEASURES.values())
        ]
        sure = r"sure bound: $|x_i^\top w_j(0)| \leq \tau_j\,|x_i|$"
        dashed = Line2D([], [], color=BOUND_COLOUR, linestyle="--", linewidth=1.1, label=sure)
        slope = Line2D([], [], color="black", linestyle="-.", linewidth=1.0, label="slope $-1/2$")
        measures += [dashed, slope]
    methods = [
        Line2D([], [], color=colour, label=f"by method: {method_name(method)}")
        for method, colour in colours.items()
    ]
    second = [*methods, *bounds]
    cut = [second[k : k + 4] for k in range(0, len(second), 4)]
    legend_of_rows(figure, measures, *cut, columns=4)


def _caption_lines(summary: pd.DataFrame, ends: pd.DataFrame) -> tuple[str, str]:
    reached = ends[ends["matched"]]
    diverged = int((ends["status"] == DIVERGED).sum())
    short = len(ends) - len(reached) - diverged
    first = (
        f"First layer only, no weight decay. Median and quartiles over {summary['seed'].nunique()} "
        f"seeds, slopes with standard errors. {len(reached)} of {len(ends)} runs reached the "
        "matched loss"
    )
    if len(reached):
        first += f" ({span_text(reached['loss_ratio'])} of the initial one)"
    first += f"; left out: {short} others, {diverged} diverged."
    second = (
        r"$\tau_j$: movement of neuron $j$, $\tau$: the largest; $\sigma$: initial deviation. "
        r"Expected for a $\tau$ fixed beforehand."
    )
    vacuous = {
        r"$n(2/\pi)^{1/2}\tau/\sigma$": reached["neurons_bound"].min(),
        r"Li & Liang's $e\,n\,\tau/\sigma$": reached["li_liang_bound"].min(),
    }
    above = [rf"{name} $\geq$ {least:.3g}" for name, least in vacuous.items() if least >= 1.0]
    if above:
        second += f" Vacuous bounds for patterns, not drawn: {', '.join(above)}."
    return first, second


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians at the matched loss, how many runs reached it, and slopes in the width."""
    ends = matched_ends(relative_losses(with_changes(summary)), MATCHED)
    ends = ends.assign(method=method_names(ends["method"]))
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
    named = statistics.assign(method=method_names(statistics["method"]))
    for of_sweep, rows in named.groupby(key[:-1], sort=False):
        of_measure = rows.set_index("measure")
        for column, name in (("slope", "slope"), ("standard_error", "s.e.")):
            if of_measure[column].notna().any():
                result.loc[(*of_sweep, name), list(MEASURES)] = of_measure[column]
    return result.sort_index(level=key[:-1], sort_remaining=False)
