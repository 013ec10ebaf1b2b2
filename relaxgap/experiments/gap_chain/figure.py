"""The links of the chain against the number of samples: which of them grow."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.numbers import samples_of, span
from relaxgap.drawing.ratios import gates_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.strengths import strength_name
from relaxgap.drawing.style import GREY, SMALLEST_POINTS, new_figure
from relaxgap.experiments.gap_chain.growth import FIRST_SIZES, growth_of, statistics
from relaxgap.experiments.gap_chain.links import LINKS, MAIN, growth, main_of, varied, with_links
from relaxgap.experiments.parts.size_rules import THEOREM_1
from relaxgap.theory.gordon import all_directions_limit

__all__ = ["FIGURES", "statistics", "table"]

PANELS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "labels": ("labels", str),
    "c": ("aspect ratio", lambda c: f"${samples_of(c)}$"),
    "strength": ("strength", strength_name),
    "size_rule": ("number of gates", gates_of),
}
"""What each panel varies: its title, and how it names a value."""
DASHED = "planted"
HEADROOM = 0.3


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw the splitting link by labels, aspect ratio, strength and gates, one at a time."""
    frame = with_links(summary)
    figure = new_figure(5.6)
    panels: list[Axes] = list(figure.subplots(2, 2, sharey=True).flat)
    for axes, (column, (_, named)) in zip(panels, PANELS.items(), strict=True):
        rows = varied(frame, column)
        _draw_series(axes, rows, column, named)
        dashed = frame[(frame["labels"] == DASHED) & (column == "size_rule")]
        if len(dashed):
            look = {"linestyle": "--", "markerfacecolor": "white"}
            _draw_series(axes, varied(dashed, column), column, named, DASHED, **look)
        _draw_root(axes, varied(frame))
        label_sizes(axes, np.sort(rows["n"].unique()))
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high + HEADROOM * (high - low))
    for axes in panels:
        axes.legend(loc="upper left", fontsize=SMALLEST_POINTS, ncols=2)
    for axes in panels[::2]:
        axes.set_ylabel(r"$\tilde p^*/\tilde p_g$")
    name_panels(panels, [f"by {title}" for title, _ in PANELS.values()])
    annotate(figure, _title(frame), _caption(frame), _growth(frame, statistics))
    return figure


def draw_links(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw every link of one series, a panel for each number of gates."""
    frame = varied(with_links(summary), "size_rule")
    rules = frame["size_rule"].drop_duplicates().tolist()
    figure = new_figure(3.4)
    panels: list[Axes] = list(figure.subplots(1, len(rules), sharey=True, squeeze=False).flat)
    for axes, rule in zip(panels, rules, strict=True):
        rows = frame[frame["size_rule"] == rule]
        for index, (column, name) in enumerate(LINKS.items()):
            draw_medians(axes, rows, "n", column, index, name)
        label_sizes(axes, np.sort(rows["n"].unique()))
    label_factors(panels[0])
    panels[0].set_ylabel("factor")
    name_panels(panels, [gates_of(rule) for rule in rules])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=2)
    size = frame.groupby("size_rule")["n"].max().min()
    last = frame[frame["n"] == size].groupby("size_rule", sort=False)["direct"].median()
    found = ", ".join(f"{value:.2f} ({gates_of(str(rule))})" for rule, value in last.items())
    annotate(
        figure,
        rf"At $n={size}$, $\tilde p^*$ over the lower bound of $p^*$ of Proposition 4 is {found}",
        f"{_instances(frame)}; {_seeds(frame)}.",
    )
    return figure


FIGURES = {"": draw, "links": draw_links}


def _draw_series(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    named: Callable[[Any], str],
    prefix: str = "",
    **look: str,
) -> None:
    """Draw a line for each value of a column, that of the main series first."""
    first = main_of(rows)[column]
    values = sorted(rows[column].unique(), key=lambda value: (value != first, value))
    for index, value in enumerate(values):
        name = f"{prefix}, {named(value)}" if prefix else named(value)
        draw_medians(axes, rows[rows[column] == value], "n", "split", index, name, **look)


def _draw_root(axes: Axes, main: pd.DataFrame) -> None:
    """Draw what would grow as Theorem 7 allows, from the least size of the main series on."""
    sizes = np.sort(main["n"].unique())
    fewest = main.loc[main["n"] == sizes[0], "split"].median()
    root = np.sqrt(np.log(2.0 * sizes) / np.log(2.0 * sizes[0]))
    axes.plot(sizes, fewest * root, ":", color=GREY, label=r"grows as $\sqrt{\log 2n}$")


def _title(frame: pd.DataFrame) -> str:
    """Say how large the splitting link is, and how its medians change beside the root."""
    changes = growth(frame)
    least, most = frame["n"].min(), frame["n"].max()
    root = math.sqrt(math.log(2.0 * most) / math.log(2.0 * least))
    said = (
        f"; over the sizes of a series its median changes by a factor of {changes.min():.2f} to "
        rf"{changes.max():.2f}, $\sqrt{{\log 2n}}$ by up to {root:.2f}"
        if len(changes)
        else ""
    )
    return (
        r"$\tilde p^*/\tilde p_g$, in which alone the logarithm enters, is at most "
        f"{frame['split'].max():.2f} in {len(frame)} relaxations{said}"
    )


def _instances(frame: pd.DataFrame) -> str:
    """Say what a series is of, unless its name says something else."""
    main = main_of(frame)
    samples, beta = samples_of(float(str(main["c"]))), strength_name(str(main["strength"]))
    return f"{str(main['labels']).capitalize()} labels, ${samples}$, {beta}"


def _seeds(frame: pd.DataFrame) -> str:
    counts = frame.groupby([*MAIN, "n"])["seed"].nunique()
    return f"medians over {span(counts)} seeds, with quartiles from five on"


def _caption(frame: pd.DataFrame) -> str:
    limits = ", ".join(
        f"{all_directions_limit(c):.1f} (c = {c:g})" for c in sorted(frame["c"].unique())
    )
    asked = frame.loc[frame["size_rule"] == THEOREM_1, "n_gates"]
    gates = f" Theorem 1 asks for {asked.min():,} to {asked.max():,} gates." if len(asked) else ""
    return (
        f"{_instances(frame)} and {gates_of(str(main_of(frame)['size_rule']))} unless a series "
        f"says otherwise; {_seeds(frame)}.{gates} As n grows the cones' sharpness, which bounds "
        f"this link, stays below {limits}."
    )


def _growth(frame: pd.DataFrame, statistics: pd.DataFrame) -> str:
    """Say what weight laws of growth with a limit have, from each of the first sizes on."""
    parts = []
    series = varied(frame, "labels", "c")[["data", "labels", "c"]].drop_duplicates()
    for data, labels, c in sorted(series.itertuples(index=False, name=None)):
        found = [growth_of(statistics, data, c, first) for first in FIRST_SIZES]
        weights = [f"{growth.fits.bounded_weight:.2f}" for growth in found if growth is not None]
        if len(weights) == len(found):
            parts.append(f"{' and '.join(weights)} ({labels}, ${samples_of(c)}$)")
    if not parts:
        return ""
    return (
        f"Of seven laws of growth those with a limit have AICc weight {', '.join(parts)}, fitted "
        f"from n = {' and '.join(map(str, FIRST_SIZES))} on."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds of every link by labels, aspect ratio, strength, gates and size."""
    columns = ["split", "block_sharpness", *list(LINKS)[1:], "eq7_bound"]
    return with_links(summary).groupby(["data", *list(MAIN)[1:], "n"])[columns].median()
