"""Loss of stationary points over the certified optimum, and what kind of points they are."""

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.methods import method_name, method_names
from relaxgap.drawing.run_outcomes import (
    UNCONVERGED,
    certified_to,
    count_of,
    refuse_without_end,
    shared_settings,
)
from relaxgap.drawing.style import new_figure
from relaxgap.experiments.stationary_points.panels import (
    LEGEND_PAD,
    draw_counts,
    draw_dead_prices,
    draw_excess,
    draw_kept,
    draw_residuals,
    draw_scales,
    draw_sizes,
    draw_strengths,
)
from relaxgap.experiments.stationary_points.runs import Sweeps, sweeps_of, with_ratios

GAP_NOTE = "Dotted: the largest proven gap of $p^*$."
Panel = tuple[str, Callable[[Axes, Sweeps], None]]


def draw_losses(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw every run's loss over the optimum, beside the patterns that it kept.

    Raises
    ------
    DataError
        If every run diverged.
    """
    runs, sweeps = _runs_of(summary)
    main = sweeps.main
    widest = main[(main["width"] == main["width"].max()) & (main["method"] == sweeps.method)]
    ended = widest[~widest["diverged"]]
    title = (
        f"At $m={widest['width'].iloc[0]}$ {_name(sweeps)} ends at most "
        f"{100.0 * (ended['ratio'].max() - 1.0):.1f}% above $p^*$ and keeps at most "
        f"{100.0 * ended['neurons_kept'].max():.0f}% of its whole patterns"
        if len(ended)
        else f"Every run of {_name(sweeps)} at the largest width diverged"
    )
    panels = [("loss over the certified optimum", draw_excess)]
    panels += [("the same runs, and (A2)", draw_kept)]
    return _draw(3.6, runs, sweeps, title, panels, GAP_NOTE)


def draw_settings(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the loss over the optimum for every sample size, strength and initial scale."""
    runs, sweeps = _runs_of(summary)
    panels: list[Panel] = []
    panels += [("by sample size", draw_sizes)] if len(sweeps.sizes) else []
    panels += [("by regularisation", draw_strengths)] if len(sweeps.strengths) else []
    panels += [("by initial scale", draw_scales)] if len(sweeps.scales) else []
    title = f"How near the optimum {_name(sweeps)} ends, by setting"
    panels = panels or [("by method", draw_excess)]
    return _draw(3.3, runs, sweeps, title, panels, GAP_NOTE)


def draw_structure(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw residuals, numbers of neurons, and the dual constraints of dead neurons."""
    runs, sweeps = _runs_of(summary)
    name = _name(sweeps)
    panels = [("stationarity", draw_residuals), (f"structure, {name}", draw_counts)]
    if sweeps.main["dead_price"].notna().any():
        panels.append((f"dead neurons, {name}", draw_dead_prices))
    kinks = int(sweeps.main["on_kink"].sum())
    title = (
        f"What the runs ended at: {count_of(kinks, len(sweeps.main), 'ended')} on a concave kink"
    )
    note = (
        f"Dashed in (a): {UNCONVERGED:g}. In (b) the live neurons, their zero pre-activations, "
        "their (pattern, sign) cells up to 1e-4, and what is left after merging and pruning."
    )
    return _draw(3.6, runs, sweeps, title, panels, note, legend_rows=1.6)


FIGURES = {"": draw_losses, "settings": draw_settings, "structure": draw_structure}


def _runs_of(summary: pd.DataFrame) -> tuple[pd.DataFrame, Sweeps]:
    runs = with_ratios(summary)
    refuse_without_end(runs["diverged"])
    return runs, sweeps_of(runs)


def _draw(
    height: float,
    runs: pd.DataFrame,
    sweeps: Sweeps,
    title: str,
    panels: Sequence[Panel],
    note: str,
    legend_rows: float = 1.0,
) -> Figure:
    figure = new_figure(height)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (_, panel) in zip(row, panels, strict=True):
        panel(axes, sweeps)
    name_panels(row, [name for name, _ in panels], LEGEND_PAD * legend_rows)
    main = sweeps.main
    n_diverged, n_unconverged = int(runs["diverged"].sum()), int(runs["unconverged"].sum())
    elsewhere = len(runs) - sweeps.n_runs
    annotate(
        figure,
        title,
        f"{shared_settings(main, 'method', 'learning_rate', 'width')}; "
        f"{main['seed'].nunique()} seeds; {certified_to(main)}. A dot is a run, a line the mean "
        "(of residuals the median), of those that did not diverge.",
        note,
        f"Of all: {count_of(n_diverged, len(runs), 'diverged')}; "
        f"{count_of(n_unconverged, len(runs), 'stopped')} with a residual above {UNCONVERGED:g} "
        "(hollow dots).",
        f"{elsewhere} runs of other settings are in the table only." if elsewhere else "",
    )
    return figure


def _name(sweeps: Sweeps) -> str:
    return method_name(sweeps.method)


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return loss over optimum, what was kept and what kind of points the runs ended at.

    Means are over the runs that did not diverge; ``kinks`` counts runs on a concave kink,
    ``dead_own`` and ``dead_other`` those with a dead neuron whose pattern violates the dual
    constraint, with its own sign and with the other one.
    """
    runs = with_ratios(summary)
    keys = ["data", "n", "d", "strength", "init_scale", "learning_rate", "method", "width"]
    always = {"n", "strength", "method", "width"}
    within = {"d": ["n"], "learning_rate": ["method"]}
    keys = [
        key
        for key in keys
        if key in always
        or runs[[*within.get(key, []), key]].drop_duplicates()[key].size
        > runs[within.get(key, [])].drop_duplicates().shape[0]
    ]
    runs["method"] = method_names(runs["method"])
    # a diverged run has neither a ratio nor a network to speak of
    kept = runs.where(~runs["diverged"])
    kept[[*keys, "diverged"]] = runs[[*keys, "diverged"]]
    kept["kinks"] = runs["on_kink"]
    kept["own"] = kept["dead_price"] > 1.0 + UNCONVERGED
    kept["other"] = kept["dead_price_other_sign"] > 1.0 + UNCONVERGED
    kept["unconverged"] = kept["unconverged"].astype(bool) & ~kept["diverged"]
    return (
        kept.groupby(keys, sort=False)
        .agg(
            runs=("diverged", "size"),
            diverged=("diverged", "sum"),
            unconverged=("unconverged", "sum"),
            mean=("ratio", "mean"),
            max=("ratio", "max"),
            bits_kept=("bits_kept", "mean"),
            neurons_kept=("neurons_kept", "mean"),
            residual=("residual", "median"),
            bits_at_0=("boundary_bits_per_neuron", "mean"),
            kinks=("kinks", "sum"),
            dead_own=("own", "sum"),
            dead_other=("other", "sum"),
            minimal_width=("minimal_width", "mean"),
        )
        .rename_axis(index={"strength": "beta", "init_scale": "scale", "learning_rate": "step"})
        .sort_index()
    )
