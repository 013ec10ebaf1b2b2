r"""Ratios over the certified optimum up to n = 1000: constant, :math:`\sqrt{\log n}` or log n."""

from itertools import cycle
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of, quartiles
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.ratios import series_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import caption, new_figure
from relaxgap.experiments.certified_gap.growth import (
    FITTED_FROM,
    SeriesGrowth,
    growth_columns,
    growth_of,
    statistics,
)
from relaxgap.experiments.certified_gap.panels import draw_brackets, draw_weights
from relaxgap.experiments.certified_gap.ratios import (
    ENDS,
    End,
    over_bracket,
    seeds_caption,
    span,
    with_brackets,
)

__all__ = ["draw", "statistics", "table"]

MAIN_ASPECT = 2.0
FOCUS = "8 log n"
REFERENCE = r"$\sqrt{\log 2n}$ (Theorem 1, constant 1)"
Line = Literal["-", "--", ":", "-."]
ASPECT_LINES: tuple[Line, ...] = ("-", "--", ":", "-.")
END_LINES: dict[End, Line] = {"best network": "-", "lower bound": ":"}


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw the ratios at c = 2 and at every aspect ratio, the models' weights and the brackets.

    A line is the median over seeds of the ratio over the best network known; the area above it
    reaches to the median ratio over the certified bound, and the median over the optimum is within.
    """
    ratios = over_bracket(summary)
    names = {name: index for index, (name, _) in enumerate(series_of(ratios))}
    main = ratios[ratios["aspect"] == _main_aspect(ratios)]
    figure = new_figure(11.0, 8.6)
    # of their own, so that long labels below do not narrow the panels above
    parts: Any = figure.subfigures(2, 1, height_ratios=[1.55, 1.0])
    top, bottom = parts
    left, right = top.subplots(1, 2, width_ratios=[1.45, 1.0])
    weights, brackets = bottom.subplots(1, 2, width_ratios=[1.0, 1.15])
    _draw_main(left, main, statistics, names)
    _draw_aspects(right, ratios, names)
    draw_weights(weights, _weighed(ratios, statistics))
    draw_brackets(brackets, with_brackets(summary))
    legend_above(top, _handles(left), columns=4)
    caption(figure, *_caption_lines(ratios, main))
    return figure


def _main_aspect(ratios: pd.DataFrame) -> float:
    aspects = ratios["aspect"]
    return MAIN_ASPECT if (aspects == MAIN_ASPECT).any() else float(aspects.iloc[0])


def _draw_main(
    axes: Axes, frame: pd.DataFrame, statistics: pd.DataFrame, names: dict[str, int]
) -> None:
    sizes = np.sort(frame["n"].unique())
    grid = np.geomspace(sizes[0], sizes[-1], 100)
    step = 0.0025 * np.log(sizes[-1] / sizes[0])
    for name, rows in series_of(frame):
        shift = step * (names[name] - 0.5 * len(names))
        _draw_interval(axes, rows, names[name], label=name, shift=shift)
        if rows["method"].iloc[0] == "relaxation":
            _draw_fits(axes, rows, growth_of(rows, statistics), names[name])
    reference = np.sqrt(np.log(2.0 * grid))
    axes.plot(np.log(grid), reference, "--", color="black", label=REFERENCE)
    axes.set_ylim(top=1.03 * max(reference[-1], _highest(frame)))
    axes.set_ylabel(r"value over the global optimum $p^*$")
    axes.set_title(f"$n/d={frame['aspect'].iloc[0]:g}$", fontsize=10)
    label_sizes(axes, sizes)


def _draw_aspects(axes: Axes, frame: pd.DataFrame, names: dict[str, int]) -> None:
    """Draw one sampling rule and one way of training at every aspect ratio."""
    focus = _focus(frame)
    shown = pd.concat([rows for name, rows in series_of(frame) if name in focus])
    handles = []
    for (aspect, of_aspect), line in zip(
        shown.groupby("aspect"), cycle(ASPECT_LINES), strict=False
    ):
        for name, rows in series_of(of_aspect):
            _draw_interval(axes, rows, names[name], line)
        seeds = of_aspect.groupby("n")["seed"].nunique()
        label = f"$n/d={aspect:g}$, {span(seeds)} seeds"
        handles.append(Line2D([], [], color="black", linestyle=line, label=label))
    axes.legend(handles=handles, loc="upper left")
    # room for the legend
    axes.set_ylim(top=1.0 + 1.3 * (_highest(shown) - 1.0) + 1e-6)
    axes.set_ylabel(r"value over the global optimum $p^*$")
    axes.set_title(" and ".join(focus), fontsize=10)
    label_sizes(axes, np.sort(shown["n"].unique()))


def _draw_interval(
    axes: Axes,
    rows: pd.DataFrame,
    index: int,
    line: Line = "-",
    label: str = "",
    shift: float = 0.0,
) -> None:
    colour, marker = colour_of(index), marker_of(index)
    low = quartiles(rows, "n", "best network")
    high = rows.groupby("n")["lower bound"].median()
    places = np.log(low.places) + shift
    is_relaxation = rows["method"].iloc[0] == "relaxation"
    whiskers = [low.middle - low.low, low.high - low.middle]
    axes.errorbar(
        places,
        low.middle,
        yerr=whiskers,
        color=colour,
        marker=marker,
        # all training ends near 1: smaller, so that the curves beneath can be told
        markersize=5.0 if is_relaxation else 3.5,
        linestyle=line,
        elinewidth=0.9,
        label=label,
    )
    axes.plot(places, high, "_", color=colour, alpha=0.7)
    # without a bound the area leaves the panel
    above = high.replace(np.inf, 1e3)
    alpha = 0.2 if is_relaxation else 0.08
    axes.fill_between(places, low.middle, above, color=colour, alpha=alpha, linewidth=0)
    axes.axhline(1.0, color="black", linewidth=0.8)


def _draw_fits(axes: Axes, rows: pd.DataFrame, growth: SeriesGrowth, index: int) -> None:
    for end, line in END_LINES.items():
        fits = growth.at(end)
        if fits is not None:
            sizes = rows["n"][rows["n"] >= FITTED_FROM]
            grid = np.geomspace(sizes.min(), sizes.max(), 100)
            fitted = fits.best.predict(grid)
            colour = colour_of(index)
            axes.plot(np.log(grid), fitted, line, color=colour, linewidth=1.0, gid=f"fit, {end}")


def _highest(frame: pd.DataFrame) -> float:
    """Return the largest finite value that is drawn of any series."""
    grouped = frame.groupby(["aspect", "method", "size_rule", "n"])
    drawn = [grouped["best network"].quantile(0.75), grouped["lower bound"].median()]
    values = pd.concat(drawn).to_numpy()
    return float(values[np.isfinite(values)].max())


def _handles(axes: Axes) -> list[Line2D | ErrorbarContainer]:
    """Return the legend: the series in order, the reference and what the thin lines are."""
    handles, labels = axes.get_legend_handles_labels()
    named: dict[str, Any] = dict(zip(labels, handles, strict=True))
    reference = named.pop(REFERENCE)
    fits = [
        Line2D(
            [],
            [],
            color="#777777",
            linestyle=line,
            linewidth=1.0,
            label=f"fit of lowest AICc, {end} as $p^*$",
        )
        for end, line in END_LINES.items()
        if any(drawn.get_gid() == f"fit, {end}" for drawn in axes.lines)
    ]
    return [*named.values(), reference, *fits]


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


def _caption_lines(ratios: pd.DataFrame, main: pd.DataFrame) -> tuple[str, str]:
    fractions = ratios["beta_fraction"].dropna().unique()
    beta = rf", $\beta={fractions[0]:g}\,\beta_{{\max}}$" if len(fractions) == 1 else ""
    starts = ratios["starts"][ratios["starts"] > 0]
    training = f"; training: median of {span(starts)} starts for each seed" if len(starts) else ""
    unbounded = np.isinf(ratios["lower bound"]).any()
    beyond = "; to the top where nothing is proven" if unbounded else ""
    return (
        f"{ratios['data'].iloc[0]}{beta}; seeds at $n/d={main['aspect'].iloc[0]:g}$: "
        f"{seeds_caption(main)}{training}",
        "lines and bars: median and quartiles over seeds of value / best network known; areas: up "
        f"to the median of value / certified lower bound{beyond}",
    )


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    r"""Return median ratios by size at both ends of the interval, and what the fits say of growth.

    ``allowed`` are the models with AICc within 2 of the lowest, ``b`` the slope of
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
            for end in ENDS:
                medians = dict(series.groupby("n")[end].median().items())
                rows[c, name, end] = {**medians, **growth_columns(growth.at(end)), **growth.trend}
    result = pd.DataFrame.from_dict(rows, orient="index")
    result.index = pd.MultiIndex.from_tuples(rows, names=["n/d", "series", "p* from"])
    sizes = sorted(frame["n"].unique())
    return result[[*sizes, *(column for column in result if column not in sizes)]]
