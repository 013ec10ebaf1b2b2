r"""Ratios over the certified optimum up to n = 1000: constant, :math:`\sqrt{\log n}` or log n."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.numbers import span
from relaxgap.drawing.ratios import series_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure
from relaxgap.experiments.certified_gap.growth import (
    OPTIMA,
    SeriesGrowth,
    growth_columns,
    growth_of,
    statistics,
)
from relaxgap.experiments.certified_gap.panels import draw_brackets, draw_intervals, draw_weights
from relaxgap.experiments.certified_gap.ratios import (
    ENDS,
    over_bracket,
    seeds_caption,
    with_brackets,
)
from relaxgap.experiments.certified_gap.strengths import draw_by_strength

__all__ = ["FIGURES", "statistics", "table"]

MAIN_ASPECT = 2.0
FOCUS = "8 log n"
Line = Literal["-", "--", ":", "-."]
ASPECT_LINES: tuple[Line, ...] = ("-", "--", ":", "-.")
WHAT_IS_DRAWN = (
    "Dots: value over the best network known, one a seed; lines: their medians; areas: up to the "
    "median of value over the certified lower bound"
)


def draw_ratios(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratios of every series at n/d = 2, or the first aspect ratio there is.

    A line is the median over seeds of the ratio over the best network known; the area above it
    reaches to the median ratio over the certified bound, and the median over the optimum is within.
    """
    ratios = over_bracket(summary)
    main = ratios[ratios["aspect"] == _main_aspect(ratios)]
    figure = new_figure(3.7)
    axes = figure.add_subplot()
    names = [name for name, _ in series_of(ratios)]
    for name, rows in series_of(main):
        draw_intervals(axes, rows, names.index(name), label=name, shift=names.index(name) - 1.5)
    _label(axes, main)
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=4)
    annotate(figure, _title(main), *_caption(main))
    return figure


def draw_growth(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw one relaxation and one training at every aspect ratio, and the models' weights."""
    ratios = over_bracket(summary)
    focus = _focus(ratios)
    names = [name for name, _ in series_of(ratios)]
    shown = pd.concat([rows for name, rows in series_of(ratios) if name in focus])
    figure = new_figure(7.0)
    above, below = figure.subplots(2, 1, height_ratios=[1.0, 1.35])
    handles = [
        Line2D(
            [],
            [],
            color=colour_of(names.index(name)),
            marker=marker_of(names.index(name)),
            label=name,
        )
        for name in focus
    ]
    for (aspect, of_aspect), line in zip(
        shown.groupby("aspect"), cycle(ASPECT_LINES), strict=False
    ):
        for name, rows in series_of(of_aspect):
            draw_intervals(above, rows, names.index(name), line)
        seeds = of_aspect.groupby("n")["seed"].nunique()
        label = f"$n/d={aspect:g}$, {span(seeds)} seeds"
        handles.append(Line2D([], [], color="black", linestyle=line, label=label))
    above.legend(handles=handles, loc="upper left")
    _label(above, shown)
    draw_weights(below, _weighed(ratios, statistics))
    name_panels((above, below), (" and ".join(focus), "weights"))
    annotate(
        figure,
        _growth_title(_weighed(ratios, statistics)),
        f"{WHAT_IS_DRAWN}. With a limit: $a$, $a-b/\\sqrt{{n}}$, $a-b/\\log n$ and $a-bn^{{-g}}$. "
        f"{_decision(_weighed(ratios, statistics))}",
    )
    return figure


def draw_bracket(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw how far the best network of every instance is above its certified bound."""
    frame = with_brackets(summary)
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    draw_brackets(axes, frame)
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=5)
    found = frame[frame["method"] == "global"]
    solved = int((found["status"] == "solved").sum())
    annotate(
        figure,
        f"The bracket of the global optimum reached its goal on {solved} of {len(found)} instances",
        "One mark an instance, by the certificate that proved its lower bound.",
    )
    return figure


FIGURES = {
    "": draw_ratios,
    "growth": draw_growth,
    "bracket": draw_bracket,
    "strengths": draw_by_strength,
}


def _main_aspect(ratios: pd.DataFrame) -> float:
    aspects = ratios["aspect"]
    return MAIN_ASPECT if (aspects == MAIN_ASPECT).any() else float(aspects.iloc[0])


def _label(axes: Axes, frame: pd.DataFrame) -> None:
    axes.axhline(1.0, color="black", linewidth=0.8)
    finite = frame[list(ENDS)].to_numpy()
    finite = finite[np.isfinite(finite)]
    # an unproven instance has an interval that ends nowhere
    margin = 0.05 * (finite.max() - 1.0) + 1e-6
    axes.set_ylim(1.0 - margin, finite.max() + margin)
    axes.set_ylabel(r"value over the global optimum $p^*$")
    label_sizes(axes, np.sort(frame["n"].unique()))


def _title(main: pd.DataFrame) -> str:
    """Say where one relaxation and one training are at the largest size, at both ends."""
    n = main["n"].max()
    focus = _focus(main)
    parts = []
    for name, rows in series_of(main[main["n"] == n]):
        if name in focus:
            low, high = (rows[end].median() for end in ENDS)
            reach = f"{low:.2f} to {high:.2f}" if np.isfinite(high) else f"at least {low:.2f}"
            parts.append(f"{reach} ({name})")
    return f"At $n={n}$, times $p^*$: " + ", ".join(parts)


def _focus(frame: pd.DataFrame) -> list[str]:
    """Return the names of one relaxation, that of `FOCUS` if there is one, and of one training."""
    first = [(name, rows.iloc[0]) for name, rows in series_of(frame)]
    relaxations = [(name, row) for name, row in first if row["method"] == "relaxation"]
    trained = [name for name, row in first if row["method"] != "relaxation"]
    preferred = [name for name, row in relaxations if row["size_rule"] == FOCUS]
    return [*(preferred or [name for name, _ in relaxations])[:1], *trained[:1]]


def _weighed(ratios: pd.DataFrame, statistics: pd.DataFrame) -> dict[str, SeriesGrowth]:
    """Return the relaxations whose models are weighed: all at c = 2, one at the other aspects."""
    main, focus = _main_aspect(ratios), _focus(ratios)
    return {
        f"{name.removeprefix('relaxation, ')}, $n/d={aspect:g}$": growth_of(of_aspect, statistics)
        for name, rows in series_of(ratios[ratios["method"] == "relaxation"])
        for aspect, of_aspect in rows.groupby("aspect")
        if aspect == main or name in focus
    }


def _growth_title(series: Mapping[str, SeriesGrowth]) -> str:
    """Say what the laws with a limit weigh together, anywhere in the bracket."""
    weights = [
        f"{growth.interval.fits.bounded_weight:.2f} ({name})"
        for name, growth in series.items()
        if growth.interval is not None
    ]
    if not weights:
        return "The certified ratios; too few to weigh laws of growth"
    return f"Of the laws of growth in n those with a limit weigh {', '.join(weights)} together"


def _decision(series: Mapping[str, SeriesGrowth]) -> str:
    """Say at which larger n the best laws with and without a limit would be told apart."""
    sizes = {
        name: growth.interval.deciding_n
        for name, growth in series.items()
        if growth.interval is not None
    }
    told = [f"{size:,} ({name})" for name, size in sizes.items() if size is not None]
    never = [name for name, size in sizes.items() if size is None]
    parts = [f"at $n$ = {', '.join(told)}"] if told else []
    parts += [f"at no $n$ up to $10^6$ for {', '.join(never)}"] if never else []
    if not parts:
        return ""
    return (
        "With seeds and brackets as at the largest $n$ the best law with a limit and the best "
        f"without would be told apart {'; '.join(parts)}."
    )


def _caption(main: pd.DataFrame) -> tuple[str, str]:
    fractions = main["beta_fraction"].dropna().unique()
    beta = rf", $\beta={fractions[0]:g}\,\beta_{{\max}}$" if len(fractions) == 1 else ""
    starts = main["starts"][main["starts"] > 0]
    training = f"; training: median of {span(starts)} starts for each seed" if len(starts) else ""
    unbounded = np.isinf(main["lower bound"]).any()
    beyond = ", to the top where nothing is proven" if unbounded else ""
    return (
        f"{main['data'].iloc[0]}, $n/d={main['aspect'].iloc[0]:g}${beta}; seeds: "
        f"{seeds_caption(main)}{training}.",
        f"{WHAT_IS_DRAWN}{beyond}.",
    )


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    r"""Return median ratios by size at both ends of the interval, and what the fits say of growth.

    ``limit`` is that of the best law with one, ``decided at`` the n that would tell it from the
    best without, ``allowed`` are the models with AICc within 2 of the lowest, ``b`` the slope of
    :math:`a + b \sqrt{\log n}` with its bootstrap interval, and ``trend`` says whether it rises,
    falls or is level (the interval holds 0), and whether the ends disagree on that.
    """
    frame = over_bracket(summary)
    rows: dict[tuple[float, str, str], dict[Any, object]] = {}
    for c in np.sort(frame["aspect"].unique()):
        of_aspect = frame[frame["aspect"] == c]
        rows[c, "seeds", ""] = dict(of_aspect.groupby("n")["seed"].nunique().items())
        for (method, rule), series in of_aspect.groupby(["method", "size_rule"], sort=False):
            name = f"{method_name(method)} ({rule})"
            growth = growth_of(series, statistics)
            for optimum in OPTIMA:
                found = {**growth_columns(growth.at(optimum)), **growth.trend}
                if optimum != "interval":
                    medians = dict(series.groupby("n")[optimum].median().items())
                    rows[c, name, optimum] = {**medians, **found}
                elif found:
                    rows[c, name, optimum] = {**found}
    result = pd.DataFrame.from_dict(rows, orient="index")
    result.index = pd.MultiIndex.from_tuples(rows, names=["n/d", "series", "p* from"])
    sizes = sorted(frame["n"].unique())
    return result[[*sizes, *(column for column in result if column not in sizes)]]
