"""The coupling lemma at matched loss: changed activations against width, method, step and scale."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.methods import method_name, method_names, method_order
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
from relaxgap.drawing.style import COLOURS, GREY, MARKERS, new_figure
from relaxgap.experiments.coupling_lemma.panels import (
    Panel,
    draw_panels,
    factor_panels,
    method_panels,
    way_panels,
    width_panels,
)
from relaxgap.experiments.coupling_lemma.slopes import MATCHED, MEASURES, slopes_of, statistics

__all__ = ["FIGURES", "statistics", "table"]

SURE = r"sure bound: $|x_i^\top w_j(0)| \leq \tau_j\,|x_i|$"
TAU = r"$\tau_j$: movement of neuron $j$."


def draw_widths(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw what GD changed against the width, a panel for each kind of data.

    Runs that did not reach the matched loss are counted in the caption and in no line.
    """
    _, ends, reached = _runs_of(summary)
    gd = _one_method(_plain(reached))
    slope = Line2D([], [], color=GREY, linestyle="-.", linewidth=1.0, label="slope $-1/2$")
    handles = [*_measure_handles(gd), slope]
    return _draw(width_panels(gd), handles, _title(gd, statistics), ends)


def draw_methods(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what each method changed, at the matched loss and on the way to it."""
    rows, ends, reached = _runs_of(summary)
    colours = method_colours(rows["method"], 2)
    panels = method_panels(_plain(reached), colours) + way_panels(rows, colours)
    handles = [
        Line2D([], [], color=colour, label=method_name(method))
        for method, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color="#444444", linestyle="", marker=MARKERS[index], label=name)
        for index, (name, _) in enumerate(MEASURES.values())
    ]
    return _draw(panels, handles, "How much each method changes until the matched loss", ends)


def draw_factors(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what GD changed against the step size and the initial scale, where they vary."""
    _, ends, reached = _runs_of(summary)
    gd = _one_method(_plain(reached))
    title = "How much step size and initial scale matter at the matched loss"
    return _draw(factor_panels(reached, gd), _measure_handles(gd), title, ends)


FIGURES = {"": draw_widths, "methods": draw_methods, "factors": draw_factors}


def _runs_of(summary: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the rows of all runs, their ends, and the ends at the matched loss."""
    rows = relative_losses(with_changes(summary))
    ends = matched_ends(rows, MATCHED)
    return rows, ends, ends[ends["matched"]]


def _plain(reached: pd.DataFrame) -> pd.DataFrame:
    return reached[(reached["init_scale"] == 1.0) & (reached["step_factor"] == 1.0)]


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


def _draw(panels: list[Panel], handles: list[Line2D], title: str, ends: pd.DataFrame) -> Figure:
    figure = new_figure(3.6)
    if panels:
        drawn, titles = draw_panels(figure, panels)
        name_panels(drawn, titles)
        legend_above(figure, handles, columns=5)
    elif ends["matched"].any():
        figure.text(0.5, 0.5, "the runs do not vary in this", ha="center")
    else:
        figure.text(0.5, 0.5, f"no run reached {MATCHED:.0%} of its initial loss", ha="center")
    sure = any(handle.get_label() == SURE for handle in handles)
    annotate(figure, title, _caption(ends), TAU if sure else "")
    return figure


def _measure_handles(gd: pd.DataFrame) -> list[Line2D]:
    if not len(gd):
        return []
    method = method_name(gd["method"].iloc[0])
    measures = [
        Line2D([], [], color=COLOURS[k], marker=MARKERS[k], label=f"{name}, {method}")
        for k, (name, _) in enumerate(MEASURES.values())
    ]
    return [*measures, Line2D([], [], color="#444444", linestyle="--", linewidth=0.9, label=SURE)]


def _title(gd: pd.DataFrame, statistics: pd.DataFrame) -> str:
    """Say with which powers of the width the changed activations fall, over all data."""
    slopes = [
        slopes_of(rows, statistics).loc["bits_changed", "slope"]
        for _, rows in gd.groupby(INSTANCE, sort=False)
    ]
    known = pd.Series(slopes, dtype=float).dropna()
    if not len(known):
        return "Activations changed at the matched loss"
    low, high = (
        f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in (known.min(), known.max())
    )
    power = low if low == high else f"{low} to {high}"
    return f"Changed activations fall with the width to the power {power}; the lemma says $-1/2$"


def _caption(ends: pd.DataFrame) -> str:
    reached = ends[ends["matched"]]
    diverged = int((ends["status"] == DIVERGED).sum())
    short = len(ends) - len(reached) - diverged
    first = (
        f"First layer only, no weight decay. Medians over {ends['seed'].nunique()} seeds, with "
        f"quartiles from five values on. {len(reached)} of {len(ends)} runs reached the matched "
        "loss"
    )
    if len(reached):
        first += f" ({span_text(reached['loss_ratio'])} of the initial one)"
    return f"{first}; left out: {short} others, {diverged} diverged."


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
