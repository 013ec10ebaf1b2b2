"""The links of the chain over the eigenvalue bound, for kinds of labels."""

import numpy as np
import pandas as pd
from jaxtyping import Shaped
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure

APART = 1.6
LINKS = {
    "price": r"$C_y^2$, all patterns",
    "cut": "cut, all subsets",
    "relaxation": "MAX-CUT relaxation",
}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each kind of labels."""
    figure = new_figure(2.9)
    kinds = list(dict.fromkeys(summary["data"]))
    panels = np.atleast_1d(figure.subplots(1, len(kinds), sharey=True)).tolist()
    sizes = _apart(np.sort(summary["n"].unique()))
    for axes, kind in zip(panels, kinds, strict=True):
        rows = summary[summary["data"] == kind]
        for index, (column, name) in enumerate(LINKS.items()):
            part = rows.dropna(subset=[column])
            part = part.assign(share=part[column] / part["eigenvalue"])
            draw_medians(axes, part, "n", "share", index, name)
        label_sizes(axes, sizes)
        axes.set_ylim(0.0, 1.05)
    panels[0].set_ylabel(r"over $L\,\|y\|^2$")
    name_panels(panels, [kind.rpartition(", ")[2] for kind in kinds])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    annotate(
        figure,
        _title(summary),
        f"Gaussian rows, $n = 2d$; medians over {summary['seed'].nunique()} seeds, quartiles from "
        "five on.",
    )
    return figure


FIGURES = {"": draw}


def _apart(sizes: Shaped[np.ndarray, " k"]) -> Shaped[np.ndarray, " j"]:
    """Return the sizes whose names have room on a narrow panel."""
    kept = [sizes[0]]
    for size in sizes[1:]:
        if size >= APART * kept[-1]:
            kept.append(size)
    return np.array(kept)


def _title(summary: pd.DataFrame) -> str:
    """Say how close the first two links are, and how much the relaxation gains."""
    known = summary.dropna(subset=["price", "cut"])
    share = float((known["price"] / known["cut"]).median()) ** 0.5
    gain = float((summary["relaxation"] / summary["eigenvalue"]).median())
    return (
        f"The largest price is {100.0 * share:.0f}% (median) of the square root of the cut, the "
        f"relaxation {100.0 * gain:.0f}% of the eigenvalue bound"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by labels and size."""
    columns = ["price", "cut", "relaxation", "eigenvalue"]
    return summary.groupby(["data", "n"])[columns].median()
