"""The sharpness against the number of samples: flat, whatever the kind of direction."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.numbers import samples_of, scientific, span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.theory.gordon import all_directions_limit, sharpness_limit

KINDS = {
    "random": "random direction, median cone",
    "used": "direction of a block in use, sharpest block",
    "worst": "worst direction found by ascent",
}


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each aspect ratio, with the two limits that the theory gives."""
    frame = by_cell(summary)
    ratios = sorted(frame["c"].unique())
    figure = new_figure(3.1)
    panels: list[Axes] = np.atleast_1d(figure.subplots(1, len(ratios), squeeze=False)[0]).tolist()
    sizes = np.sort(frame["n"].unique())
    for axes, c in zip(panels, ratios, strict=True):
        for index, (kind, name) in enumerate(KINDS.items()):
            rows = frame[(frame["c"] == c) & (frame["direction"] == kind)]
            draw_medians(axes, rows, "n", "sharpness", index, name)
        known = frame[(frame["c"] == c) & frame["all_directions"].notna()]
        draw_medians(
            axes, known, "n", "all_directions", 3, "sure bound for all directions", linestyle="--"
        )
        one, every = sharpness_limit(c), all_directions_limit(c)
        axes.axhline(one, color=GREY, linestyle=":", linewidth=1.0, label="limits of the theory")
        axes.axhline(every, color=GREY, linestyle=":", linewidth=1.0)
        label_factors(axes)
        label_sizes(axes, sizes)
    panels[0].set_ylabel("sharpness $C(K, z)$")
    name_panels(panels, [f"${samples_of(c)}$" for c in ratios])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    seeds = span(frame.groupby(["c", "n"])["seed"].nunique())
    annotate(
        figure,
        _title(frame),
        f"{summary['data'].iloc[0]}; medians over {seeds} seeds, quartiles from five on; brackets "
        "to "
        f"{scientific((summary['sharpness'] / summary['sharpness_bound']).max() - 1.0)} or closer. "
        "Dotted: "
        r"$1 + 1/\epsilon_0(c)$ for a random direction, "
        r"$1 + \sqrt{2}(1+\sqrt{c})/s_0(c)$ for all of them.",
    )
    return figure


FIGURES = {"": draw}


def by_cell(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell and kind: the median random cone, the sharpest of the others."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(3))
    keys = ["c", "n", "seed", "cell", "direction"]
    groups = frame.groupby(keys)
    rows = groups["sharpness"].agg(["median", "max"]).reset_index()
    rows["sharpness"] = np.where(rows["direction"] == "random", rows["median"], rows["max"])
    rows["all_directions"] = groups["all_directions"].max().to_numpy()
    return rows


def growth(frame: pd.DataFrame, kind: str) -> float:
    """Return the largest factor, over the aspect ratios, from the least to the largest size."""
    rows = frame[frame["direction"] == kind]
    medians = rows.groupby(["c", "n"])["sharpness"].median()
    return max(float(part.iloc[-1] / part.iloc[0]) for _, part in medians.groupby("c"))


def _title(frame: pd.DataFrame) -> str:
    """Say how much the medians change from the least to the largest size, and the logarithm."""
    sizes = np.sort(frame["n"].unique())
    root = math.sqrt(math.log(2.0 * sizes[-1]) / math.log(2.0 * sizes[0]))
    factors = ", ".join(f"{growth(frame, kind):.2f} ({kind})" for kind in KINDS)
    return (
        f"From n = {sizes[0]} to {sizes[-1]} the median sharpness changes by a factor of at most "
        rf"{factors}, at each n/d; $\sqrt{{\log 2n}}$ by {root:.2f}"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by aspect ratio, size and kind."""
    columns = ["sharpness", "all_directions"]
    return by_cell(summary).groupby(["c", "n", "direction"])[columns].median()
