"""Assumption (A2) at stationary points: what is left of the initial patterns."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import draw_medians, ticks_at
from relaxgap.drawing.methods import method_name, method_names, method_order
from relaxgap.drawing.preserved_runs import DIVERGED, INSTANCE, RUN, span_text, widest_sweep
from relaxgap.drawing.style import new_figure

MEASURES = ("bits_kept", "interior_bits_kept", "patterns_kept", "neurons_kept")
HALF = 0.5
"""Fraction of the whole patterns that the proof of Theorem 3 uses (A2) for."""
REFERENCE = "half, as Theorem 3 uses (A2)"
SETTING = [*INSTANCE, "beta"]
UNCONVERGED = 1e-2
"""A larger residual is counted as not stationary."""


def draw_widths(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw what the first method keeps against the width, a line for each kind of data.

    Whole patterns beside the half of them that the proof uses; activations, of which it says
    nothing, in a panel of their own. Diverged runs are in neither.
    """
    ends = _ends(summary)
    kept = ends[ends["status"] != DIVERGED]
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, sharey=True)
    for index, rows in enumerate(_sweeps_of_widths(kept)):
        row = rows.iloc[0]
        label = rf"{row['data']}, $n={row['n']}$"
        draw_medians(left, rows, "width", "neurons_kept", index)
        draw_medians(right, rows, "width", "bits_kept", index, label=label)
        for axes in (left, right):
            _label(axes, kept, "width", "width $m$", 2)
    _mark_half(left)
    left.set_ylabel("fraction kept")
    if right.get_legend_handles_labels()[0]:
        right.legend(loc="lower right")
    method = method_name(_first(kept)) if len(kept) else "no run"
    name_panels((left, right), (f"whole patterns of neurons, {method}", f"activations, {method}"))
    annotate(figure, _title(kept), *_caption(summary, ends))
    return figure


def draw_settings(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the whole patterns kept by method, weight decay and initial scale, as they vary."""
    ends = _ends(summary)
    kept = ends[ends["status"] != DIVERGED]
    figure = new_figure(3.0)
    panels = figure.subplots(1, 3, sharey=True)
    plain = kept[(kept["init_scale"] == 1.0) & (kept["step_factor"] == 1.0)]
    of_methods = widest_sweep(plain, "method", SETTING)
    for index, rows in enumerate(_methods(of_methods)):
        label = method_name(rows["method"].iloc[0])
        draw_medians(panels[0], rows, "width", "neurons_kept", index, label=label)
    if of_methods is not None:
        _label(panels[0], of_methods, "width", "width $m$", 2)
        panels[0].legend(loc="upper left", bbox_to_anchor=(0.0, 0.95))
    first = kept[kept["method"] == _first(kept)] if len(kept) else kept
    alike = first[(first["init_scale"] == 1.0) & (first["step_factor"] == 1.0)]
    betas = widest_sweep(alike, "beta", [*INSTANCE, "width", "learning_rate"])
    scales = widest_sweep(first, "init_scale", [*SETTING, "width", "learning_rate"])
    titles = ["by method"]
    for axes, sweep, x, name in (
        (panels[1], betas, "beta", r"weight decay $\beta$"),
        (panels[2], scales, "init_scale", "initial scale"),
    ):
        if sweep is not None:
            draw_medians(axes, sweep, x, "neurons_kept", 0)
            _label(axes, sweep, x, name, 10)
        width = "" if sweep is None else f", $m={sweep['width'].iloc[0]}$"
        titles.append(("by weight decay" if x == "beta" else "by initial scale") + width)
    for axes in panels:
        _mark_half(axes)
    panels[0].set_ylabel("fraction of whole patterns kept")
    name_panels(panels, titles)
    annotate(figure, _title(kept), *_caption(summary, ends))
    return figure


FIGURES = {"": draw_widths, "settings": draw_settings}


def _ends(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each run, once where parts of a grid repeat it."""
    last = summary.groupby(RUN)["step"].transform("max")
    return summary[summary["step"] == last].drop_duplicates(RUN)


def _sweeps_of_widths(kept: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the runs of the first method with the most widths, for each kind of data."""
    plain = kept[(kept["init_scale"] == 1.0) & (kept["step_factor"] == 1.0)]
    sweeps = [
        widest_sweep(rows[rows["method"] == _first(rows)], "width", ["beta", "learning_rate"])
        for _, rows in (plain if len(plain) else kept).groupby(INSTANCE, sort=False)
    ]
    return [rows for rows in sweeps if rows is not None]


def _methods(rows: pd.DataFrame | None) -> list[pd.DataFrame]:
    """Return the runs of each method, at its step size of the most widths."""
    if rows is None:
        return []
    methods = sorted(rows["method"].unique(), key=lambda name: (method_order(name), name))
    sweeps = [
        widest_sweep(rows[rows["method"] == method], "width", ["learning_rate"])
        for method in methods
    ]
    return [sweep for sweep in sweeps if sweep is not None]


def _first(rows: pd.DataFrame) -> str:
    return str(min(rows["method"], key=method_order))


def _mark_half(axes: Axes) -> None:
    axes.axhline(HALF, color="black", linestyle="--", linewidth=1.0)
    axes.text(
        0.98, HALF + 0.02, REFERENCE, transform=axes.get_yaxis_transform(), ha="right", va="bottom",
        fontsize=7,
    )  # fmt: skip
    axes.set_ylim(-0.03, 1.03)


def _label(axes: Axes, rows: pd.DataFrame, x: str, name: str, base: int) -> None:
    axes.set_xscale("log", base=base)
    ticks_at(axes, np.sort(rows[x].unique()))
    axes.set_xlabel(name)


def _title(kept: pd.DataFrame) -> str:
    if not len(kept):
        return "Every run diverged"
    held = int((kept["neurons_kept"] >= HALF).sum())
    most = 100.0 * kept["neurons_kept"].max()
    runs = f"{held} of {len(kept)} runs keep" if held else "No run keeps"
    return (
        f"{runs} half of the whole patterns, which (A2) is used for; the most kept is {most:.0f}%"
    )


def _caption(summary: pd.DataFrame, ends: pd.DataFrame) -> tuple[str, str]:
    diverged = int((ends["status"] == DIVERGED).sum())
    kept = ends[ends["status"] != DIVERGED]
    first = (
        f"Both layers, weight decay. Medians over {summary['seed'].nunique()} seeds, with "
        f"quartiles from five runs on. {diverged} of {len(ends)} runs diverged and are left out."
    )
    if not len(kept):
        return first, ""
    short = int((kept["residual"] > UNCONVERGED).sum())
    second = (
        f"Stopped with a Clarke residual above {UNCONVERGED:g}: {short} of {len(kept)} runs. "
        f"{span_text(100.0 * kept['live_neurons'], 3)}% of the neurons are live."
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
