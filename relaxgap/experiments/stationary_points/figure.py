"""Loss of stationary points over the certified optimum, and what kind of points they are."""

from string import ascii_lowercase

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.methods import method_names
from relaxgap.drawing.run_outcomes import (
    UNCONVERGED,
    certified_to,
    count_of,
    refuse_without_end,
    shared_settings,
)
from relaxgap.drawing.style import caption, new_figure
from relaxgap.experiments.stationary_points.panels import (
    draw_counts,
    draw_dead_prices,
    draw_excess,
    draw_kept,
    draw_ratios,
    draw_residuals,
    draw_scales,
    draw_sizes,
    draw_strengths,
)
from relaxgap.experiments.stationary_points.runs import sweeps_of, with_ratios

N_COLUMNS = 3


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratios beside the patterns kept, the sweeps, and the structure of the points.

    Raises
    ------
    DataError
        If every run diverged.
    """
    runs = with_ratios(summary)
    refuse_without_end(runs["diverged"])
    sweeps = sweeps_of(runs)
    panels = [draw_ratios, draw_excess, draw_kept]
    panels += [draw_sizes] if len(sweeps.sizes) else []
    panels += [draw_strengths] if len(sweeps.strengths) else []
    panels += [draw_scales] if len(sweeps.scales) else []
    panels += [draw_residuals, draw_counts]
    panels += [draw_dead_prices] if sweeps.main["dead_price"].notna().any() else []
    n_rows = -(-len(panels) // N_COLUMNS)
    figure = new_figure(12.0, 3.6 * n_rows + 0.3)
    for position, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(n_rows, N_COLUMNS, position)
        panel(axes, sweeps)
        heading = axes.get_legend().get_title()  # type: ignore[union-attr]
        heading.set_text(f"({ascii_lowercase[position - 1]}) {heading.get_text()}")
    main = sweeps.main
    kinks = int(main["on_kink"].sum())
    n_diverged, n_unconverged = int(runs["diverged"].sum()), int(runs["unconverged"].sum())
    elsewhere = len(runs) - sweeps.n_runs
    caption(
        figure,
        f"{shared_settings(main, 'method', 'learning_rate', 'width')}; "
        f"{main['seed'].nunique()} seeds; {certified_to(main)}. (a): "
        f"{count_of(kinks, len(main), 'ended')} on a concave kink. A dot is a run"
        + (f"; {elsewhere} runs of other settings are in the table only." if elsewhere else "."),
        f"Of all: {count_of(n_diverged, len(runs), 'diverged')} (not in the means); "
        f"{count_of(n_unconverged, len(runs), 'stopped')} with a residual above {UNCONVERGED:g} "
        "(hollow dots).",
    )
    return figure


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
