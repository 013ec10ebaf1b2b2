"""Relaxations over equally many gates of several samplers, over the optimum; and what they cost."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians, label_factors, marker_of, ticks_at
from relaxgap.drawing.numbers import span
from relaxgap.drawing.ratios import gates_of
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.errors import DataError
from relaxgap.experiments.informed_gates.samplers import (
    GAUSSIAN,
    GEOMETRIC_ALGEBRA,
    INFORMED,
    parts_of,
)

FOCUS = "8 log n"
"""Number of gates that the title is about, if it is there."""
NUMBER = "times_log_n"
AXES = {NUMBER: r"gates over $\log n$", "cpu_seconds": "CPU seconds, drawing and solving"}
INSTANCE = ["n", "d", "seed"]
BRACKET_ALPHA = 0.25
TICKS = (1.0, 2.0, 5.0)
ENOUGH = 4.0
"""Gates over log n from which samplers are compared: fewer are too few to be informed."""
CONTRADICTION_RTOL = 1e-9


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratio against the number of gates over log n, a panel for each size."""
    frame = with_ratios(summary)
    figure = _panels(frame, NUMBER)
    annotate(figure, _title(frame), _caption(frame))
    return figure


def draw_cost(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratio against the CPU seconds of drawing the gates and solving over them."""
    frame = with_ratios(summary)
    figure = _panels(frame, "cpu_seconds")
    annotate(figure, _cost_title(frame), _caption(frame))
    return figure


FIGURES = {"": draw, "cost": draw_cost}


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the relaxations with their ``ratio`` over the best network known of their instance.

    ``over_bound`` is the ratio over the certified lower bound, ``reach`` the bound over the best
    network: the optimum is between it and 1, in units of that network's value.

    Raises
    ------
    DataError
        If an instance has no bracket, there is no relaxation, or a network is below the bound.
    """
    rows = summary[summary["method"] != "global"]
    bounds = summary[summary["method"] == "global"].set_index(INSTANCE)["dual_value"]
    best = summary.groupby(INSTANCE)["primal_value"].min().rename("best")
    frame = rows.join(bounds.rename("bound"), on=INSTANCE).join(best, on=INSTANCE)
    if frame.empty or frame["bound"].isna().any():
        raise DataError(
            "Expected relaxations, and a row of method global for every instance, got less; run "
            "the experiment again."
        )
    if (frame["bound"] > frame["best"] * (1.0 + CONTRADICTION_RTOL)).any():
        raise DataError("Expected no network below the certified bound, got one; report it.")
    return frame.assign(
        ratio=frame["primal_value"] / frame["best"],
        over_bound=frame["primal_value"] / frame["bound"],
        reach=frame["bound"] / frame["best"],
        times_log_n=[
            _times_log_n(str(rule), float(n_gates), int(n))
            for rule, n_gates, n in zip(
                frame["size_rule"], frame["n_gates"], frame["n"], strict=True
            )
        ],
        cpu_seconds=frame["sample_cpu_seconds"] + frame["solve_cpu_seconds"],
    )


def _times_log_n(rule: str, n_gates: float, n: int) -> float:
    """Return the factor of a rule, without its rounding up, or what another rule comes to."""
    factor = rule.removesuffix("log n").strip(" *")
    return float(factor or 1.0) if factor != rule else n_gates / math.log(n)


def pairs(frame: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return the ratios of two samplers over enough gates side by side, sample by sample."""
    enough = frame[frame[NUMBER] >= ENOUGH]
    wide = enough.pivot_table(index=[*INSTANCE, NUMBER], columns="method", values="ratio")
    both: pd.DataFrame = wide[[one, other]].dropna()
    return both


def _panels(frame: pd.DataFrame, x: str) -> Figure:
    sizes = list(frame.groupby(["n", "d"]))
    n_rows = (len(sizes) + 1) // 2
    figure = new_figure(2.0 + 2.1 * n_rows)
    grid = figure.subplots(n_rows, min(2, len(sizes)), squeeze=False)
    panels: list[Axes] = list(grid.flat)
    for spare in panels[len(sizes) :]:
        spare.set_axis_off()
    methods = frame["method"].drop_duplicates().tolist()
    for axes, (_, rows) in zip(panels, sizes, strict=False):
        # where the optimum is, if not at the best network
        axes.axhspan(float(rows["reach"].min()), 1.0, color=GREY, alpha=BRACKET_ALPHA, linewidth=0)
        axes.axhline(1.0, color=GREY, linewidth=0.8)
        for index, method in enumerate(methods):
            of_method = rows[rows["method"] == method]
            if x == NUMBER:
                draw_medians(axes, of_method, x, "ratio", index, name_of(method))
            else:
                medians = of_method.groupby(NUMBER)[[x, "ratio"]].median()
                axes.plot(
                    medians[x],
                    medians["ratio"],
                    color=colour_of(index),
                    marker=marker_of(index),
                    label=name_of(method),
                )
        axes.set_xscale("log")
        if x == NUMBER:
            ticks_at(axes, np.sort(rows[x].unique()))
        else:
            axes.xaxis.set_major_locator(LogLocator(subs=TICKS))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(AXES[x])
        label_factors(axes)
    names = [f"$n={n}$, $d={d}$, {_seeds(rows)}" for (n, d), rows in sizes]
    name_panels(panels[: len(sizes)], names)
    for axes in grid[:, 0]:
        axes.set_ylabel(r"$\tilde p^*$ over the best network")
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    return figure


def name_of(sampler: str) -> str:
    """Write a sampler's name with what its number means."""
    kind, number = parts_of(sampler)
    if kind == INFORMED:
        rounds = number or 1
        return f"informed, {rounds} round" + ("s" if rounds > 1 else "")
    if kind == GEOMETRIC_ALGEBRA:
        return "geometric algebra" + (f", sketched to {number}" if number else "")
    return "Gaussian"


def _seeds(rows: pd.DataFrame) -> str:
    count = rows["seed"].nunique()
    return f"{count} seed" + ("s" if count > 1 else "")


def focus_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one number of gates at the largest n: `FOCUS`, or the largest number."""
    rows = frame[frame["n"] == frame["n"].max()]
    at_focus = rows["size_rule"] == FOCUS
    chosen = at_focus if at_focus.any() else rows[NUMBER] == rows[NUMBER].max()
    found: pd.DataFrame = rows[chosen]
    return found


def _title(frame: pd.DataFrame) -> str:
    """Say what the best sampler of each kind reaches at the largest size, between both ends."""
    rows = focus_of(frame)
    medians = rows.groupby("method", sort=False)[["ratio", "over_bound"]].median().reset_index()
    kinds = [parts_of(str(method))[0] for method in medians["method"]]
    best = medians.loc[medians.groupby(kinds, sort=False)["ratio"].idxmin()]
    found = [
        f"{low:.2f} to {high:.2f} ({name_of(str(method))})"
        for method, low, high in best.itertuples(index=False, name=None)
    ]
    gates = gates_of(str(rows["size_rule"].iloc[0]))
    return rf"$\tilde p^*/p^*$ at $n={rows['n'].iloc[0]}$ and {gates}: {', '.join(found)}"


def _cost_title(frame: pd.DataFrame) -> str:
    """Say what a ratio as good as that of the most Gaussian gates costs each informed sampler."""
    parts = []
    for method in frame["method"].drop_duplicates():
        if parts_of(method)[0] != INFORMED:
            continue
        found = [_cheaper(rows, method) for _, rows in frame.groupby(INSTANCE)]
        known = [cheaper for cheaper in found if cheaper is not None]
        parts.append(f"{sum(known)} of {len(known)} instances ({name_of(method)})")
    if not parts:
        return "What relaxations over gates of several samplers cost"
    return "At most the value of the most Gaussian gates, in less CPU time: on " + ", ".join(parts)


def _cheaper(rows: pd.DataFrame, method: str) -> bool | None:
    """Say whether some sample reaches the value of the largest Gaussian one in less time."""
    gaussian = rows[rows["method"] == GAUSSIAN]
    of_method = rows[rows["method"] == method]
    if gaussian.empty or of_method.empty:
        return None
    most = gaussian.iloc[int(gaussian[NUMBER].argmax())]
    reached = of_method[of_method["ratio"] <= most["ratio"]]
    return bool((reached["cpu_seconds"] < most["cpu_seconds"]).any())


def _caption(frame: pd.DataFrame) -> str:
    fractions = frame["beta_fraction"].dropna().unique()
    beta = rf", $\beta={fractions[0]:g}\,\beta_{{\max}}$" if len(fractions) == 1 else ""
    counts = [
        f"{int((both[one] < both[other]).sum())} of {len(both)} samples below {name_of(other)}"
        for one, other, both in compared(frame)
    ]
    first = name_of(compared(frame)[0][0]).capitalize() if counts else ""
    said = f" {first}, {ENOUGH:g} log n gates or more: {'; '.join(counts)}." if counts else ""
    seeds = span(frame.groupby(["n", "d"])["seed"].nunique())
    return (
        f"{frame['data'].iloc[0]}{beta}. Medians over {seeds} "
        "seeds, with quartiles from five on, else dots; grey below 1: where $p^*$ may be, down to "
        f"the least certified bound.{said}"
    )


def compared(frame: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the first informed sampler beside each that is not, sample by sample."""
    methods = frame["method"].drop_duplicates().tolist()
    informed = [method for method in methods if parts_of(method)[0] == INFORMED]
    others = [method for method in methods if parts_of(method)[0] != INFORMED]
    return [(one, other, pairs(frame, one, other)) for one in informed[:1] for other in others]


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size, sampler and number of gates."""
    columns = ["n_patterns", "ratio", "over_bound", "sample_cpu_seconds", "solve_cpu_seconds"]
    groups = ["n", "d", "method", "n_gates"]
    return with_ratios(summary).groupby(groups, sort=False)[columns].median()
