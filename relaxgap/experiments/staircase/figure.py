"""Components of the optimal networks of a width against the width."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of
from relaxgap.drawing.numbers import span
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.experiments.staircase.components import MAX_PLACEMENTS

INSTANCE = ["data", "seed"]


@dataclass(frozen=True, slots=True)
class Steps:
    """Say of one instance which statements of the theorem its counts agree with.

    Parameters
    ----------
    finite : bool
        At m* every component is a single network.
    moving : bool
        At every larger width some component is none.
    isolated : bool
        At M* some component is a single network.
    none_isolated : bool
        At every larger width none is.
    connected : bool
        From min(m* + M*, n + 1) on there is one component.
    connected_from, connected_by : int
        First width from which on there is one, and that of the theorem.
    rank : int
        Of the columns of the neurons.
    """

    finite: bool
    moving: bool
    isolated: bool
    none_isolated: bool
    connected: bool
    connected_from: int
    connected_by: int
    rank: int

    @property
    def connected_exactly_by(self) -> int:
        """The width of the theorem with the rank in place of n."""
        return min(self.connected_by, self.rank + 1)

    @property
    def all_hold(self) -> bool:
        """Whether all five do."""
        return all((self.finite, self.moving, self.isolated, self.none_isolated, self.connected))


def steps_of(summary: pd.DataFrame, count: str, single: str) -> list[Steps]:
    """Compare the counts of every instance with the theorem, where there are any."""
    found = []
    for _, rows in summary[summary[count].notna()].groupby(INSTANCE, sort=False):
        first = rows.iloc[0]
        at = rows.set_index("width")
        counts, alone = at[count], at[single]
        several = counts.index[counts > 1]
        wider, widest = at.index > first["smallest"], at.index > first["largest"]
        found.append(
            Steps(
                finite=bool(counts[first["smallest"]] == alone[first["smallest"]] > 0),
                moving=bool((counts > alone)[wider].all()),
                isolated=bool(alone.get(first["largest"], 0) > 0),
                none_isolated=bool((alone == 0)[widest].all()),
                connected=bool((counts == 1)[at.index >= first["connected_by"]].all()),
                connected_from=int(several.max()) + 1 if len(several) else int(first["smallest"]),
                connected_by=int(first["connected_by"]),
                rank=int(first["rank"]),
            )
        )
    return found


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a column for each kind of instance: without an order of neurons, and with one."""
    kinds = list(summary["data"].drop_duplicates())
    figure = new_figure(4.4)
    panels = figure.subplots(2, len(kinds), squeeze=False, sharey="row")
    rows = ("n_components", "n_labelled")
    for line, count in zip(panels, rows, strict=True):
        for axes, kind in zip(line, kinds, strict=True):
            _draw_counts(axes, summary[summary["data"] == kind], count)
    for axes in panels[1]:
        axes.set_xlabel("width $m$")
    panels[0][0].set_ylabel("components, up to order")
    panels[1][0].set_ylabel("components, labelled")
    names = [*kinds, *(f"{kind}, labelled" for kind in kinds)]
    name_panels(panels.ravel().tolist(), names)
    legend_above(figure, _handles(), columns=3)
    uncounted = int((summary["n_labelled"].isna()).sum())
    annotate(
        figure,
        title(summary),
        f"A line is an instance; {span(summary.groupby('data')['seed'].nunique())} of each kind, "
        "some alike; none at widths below $m^*$. Vertices and supports in fractions. Up to order: "
        "networks that differ by a permutation of their neurons are one.",
        f"Labelled: points of weight space, not counted where vertices that are no points of their "
        f"own have over {MAX_PLACEMENTS:,} places ({uncounted} of {len(summary)} widths).",
    )
    return figure


FIGURES = {"": draw}


def _draw_counts(axes: Axes, rows: pd.DataFrame, count: str) -> None:
    for _, instance in rows.groupby("seed"):
        shown = instance[instance[count].fillna(0) > 0]
        axes.plot(shown["width"], shown[count], color=GREY, alpha=0.35, linewidth=0.9)
        for index, (column, marker) in enumerate(MARKS.items()):
            at = shown[shown["width"] == shown[column]]
            axes.plot(
                at["width"], at[count], marker, color=colour_of(index), alpha=0.7, linestyle="",
                markersize=3.5 + index,
                markerfacecolor=colour_of(index) if index == 0 else "none",
            )  # fmt: skip
    axes.set_yscale("log")
    widths = range(int(rows["width"].min()) + 1, int(rows["width"].max()) + 1)
    axes.set_xticks(list(widths))


MARKS = {"smallest": "o", "largest": "s", "connected_by": "D"}
NAMES = ("$m = m^*$", "$m = M^*$", r"$m = \min(m^* + M^*, n + 1)$")


def _handles() -> list[Line2D]:
    return [
        Line2D(
            [], [], marker=marker, linestyle="", color=colour_of(index), label=name,
            markerfacecolor=colour_of(index) if index == 0 else "none",
        )
        for index, (marker, name) in enumerate(zip(MARKS.values(), NAMES, strict=True))
    ]  # fmt: skip


def title(summary: pd.DataFrame) -> str:
    """Say how many instances agree with the theorem, and where they become connected."""
    steps = steps_of(summary, "n_components", "n_single")
    agree = sum(one.all_hold for one in steps)
    early = sum(one.connected_from < one.connected_by for one in steps)
    return (
        f"All statements of the staircase theorem hold on {agree} of {len(steps)} instances; "
        f"{early} of them are connected at a smaller width than $\\min(m^* + M^*, n + 1)$"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the most and the median components by kind and width."""
    found = summary.groupby(["data", "width"])[["n_components", "n_single", "n_labelled"]]
    return found.agg(["median", "max"])
