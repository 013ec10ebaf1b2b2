"""The best trained network over the certified optimum, against its number of sub-networks."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

FLOOR = 1e-7
"""Excesses below it are drawn there."""
WITHIN = 1e-3
"""Excess over the lower end of the bracket up to which a network counts as optimal."""
NAMES = {"columns": "unit columns", "frobenius": "unit Frobenius norm"}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each normalisation and width of sub-networks, a line for each n."""
    frame = with_excess(summary)
    kinds = list(frame[["m", "normalisation"]].drop_duplicates().itertuples(index=False, name=None))
    kinds.sort()
    rows_of_panels = -(-len(kinds) // 2)
    figure = new_figure(1.4 + 1.9 * rows_of_panels)
    every = figure.subplots(rows_of_panels, min(len(kinds), 2), squeeze=False, sharey=True)
    panels: list[Axes] = every.ravel().tolist()
    for unused in panels[len(kinds) :]:
        unused.remove()
    panels = panels[: len(kinds)]
    for axes, (m, normalisation) in zip(panels, kinds, strict=True):
        some = frame[(frame["m"] == m) & (frame["normalisation"] == normalisation)]
        for index, (n, rows) in enumerate(some.groupby("n")):
            draw_medians(axes, rows, "width", "drawn", index, f"n = {n}")
            enough = int(str(n)) + 1
            axes.axvline(enough, color=colour_of(index), linestyle=":", linewidth=0.9)
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in every[:, 0]:
        axes.set_ylabel("best loss over the\noptimum, less 1")
    for axes in panels[-2:]:
        axes.set_xlabel("sub-networks $K$ of the trained network")
    name_panels(panels, [f"$m_1 = {m}$, {NAMES[kind]}" for m, kind in kinds])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=4)
    first = frame.iloc[0]
    seeds = span(frame.groupby(["n", "m", "normalisation"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"{first['data']}, d = {first['d']}, {first['beta_fraction']:g} $\\beta_{{\\max}}$; best "
        f"of {first['n_runs']} runs, medians over {seeds} seeds; dotted: K = n + 1; optima to "
        f"{scientific(frame['relative_gap'].max())} or closer; excesses below "
        f"{scientific(FLOOR)} are drawn there.",
    )
    return figure


FIGURES = {"": draw}


def with_excess(summary: pd.DataFrame) -> pd.DataFrame:
    """Add by how much the best run and the middle one exceed the lower end of the bracket."""
    excess = summary["best"] / summary["dual_value"] - 1.0
    return summary.assign(
        excess=excess,
        drawn=excess.clip(lower=FLOOR),
        middle=summary["median"] / summary["dual_value"] - 1.0,
    )


def reached(summary: pd.DataFrame, width: str) -> tuple[int, int]:
    """Return on how many problems the best run is optimal, and of how many.

    Parameters
    ----------
    summary : DataFrame
        All rows.
    width : str
        ``one``, ``enough`` (n + 1) or ``most`` sub-networks.
    """
    frame = with_excess(summary)
    asked = {
        "one": frame["width"] == 1,
        "enough": frame["width"] == frame["n"] + 1,
        "most": frame["width"] == frame.groupby("n")["width"].transform("max"),
    }[width]
    return int((frame[asked]["excess"] <= WITHIN).sum()), int(asked.sum())


def title(summary: pd.DataFrame) -> str:
    """Say how often the best of all runs is optimal with one, n + 1 and most sub-networks."""
    said = []
    for m, rows in summary.groupby("m"):
        counts = [reached(rows, width) for width in ("one", "enough", "most")]
        said.append(f"on {', '.join(str(count) for count, _ in counts)} of {counts[0][1]}")
        said[-1] += f" for $m_1 = {m}$"
    below = int((summary["best"] < summary["dual_value"]).sum())
    multiple = (summary["width"] / (summary["n"] + 1)).max()
    return (
        f"With 1, n + 1 and {multiple:g}(n + 1) sub-networks the best of "
        f"{summary['n_runs'].iloc[0]} runs is within {WITHIN:.1%} of the certified optimum "
        f"{' and '.join(said)}; {below} of {len(summary)} are below its lower end"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by problem and width."""
    frame = with_excess(summary)
    keys = ["m", "normalisation", "n", "width"]
    return frame.groupby(keys)[["excess", "middle", "n_within", "relative_gap"]].median()
