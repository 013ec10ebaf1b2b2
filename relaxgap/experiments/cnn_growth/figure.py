"""Seconds against samples on logarithmic axes, with slopes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw patterns and seconds, a line for each patch size."""
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    for index, (patch, rows) in enumerate(summary.groupby("patch")):
        name = f"patches of {patch} columns"
        draw_medians(left, rows, "n", "n_patterns", index, name)
        draw_medians(right, rows, "n", "seconds", index, name)
    for axes in (left, right):
        axes.set_yscale("log")
        label_sizes(axes, np.sort(summary["n"].unique()))
    left.set_ylabel("patterns of all patches")
    right.set_ylabel("seconds to the optimum")
    name_panels([left, right], ["patterns", "seconds, one thread"])
    legend_above(figure, left.get_legend_handles_labels()[0], columns=3)
    first = summary.iloc[0]
    seeds = span(summary.groupby(["patch", "n"])["seed"].nunique())
    annotate(
        figure,
        title(summary),
        f"{first['data']}, {first['n_patches']} patches a sample; {seeds} seeds, medians; all "
        f"brackets to {scientific(summary['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def slopes(summary: pd.DataFrame, column: str) -> dict[int, float]:
    """Return the slope of the logarithm of medians over that of n, on the larger half of sizes."""
    found = {}
    for patch, rows in summary.groupby("patch"):
        medians = rows.groupby("n")[column].median()
        late = medians.iloc[-max(2, (len(medians) + 1) // 2) :]
        found[int(str(patch))] = float(np.polyfit(np.log(late.index), np.log(late), 1)[0])
    return found


def title(summary: pd.DataFrame) -> str:
    """Say how patterns and seconds grow."""
    seconds = slopes(summary, "seconds")
    said = ", ".join(
        f"as $n^{{{slope:.1f}}}$ with patches of {patch}" for patch, slope in seconds.items()
    )
    return (
        f"The optimum of a convolution takes seconds that grow {said} columns, over the larger "
        "half of the sizes"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by patch size and samples."""
    columns = ["n_patterns", "n_faces", "width", "seconds", "relative_gap"]
    return summary.groupby(["patch", "n"])[columns].median()
