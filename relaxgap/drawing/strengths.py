"""Ratios at several strengths of the regularisation, side by side."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.ratios import series_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure

GIVEN = "as given"


def strengths_of(frame: pd.DataFrame) -> pd.Series:
    """Return the fraction of beta_max of each row as it is written, `GIVEN` if beta is absolute."""
    fractions = frame["beta_fraction"].astype(float)
    return fractions.map("{:g}".format).where(fractions.notna(), GIVEN)


def strength_name(strength: str) -> str:
    """Write a strength of `strengths_of` as a formula."""
    return rf"$\beta$ {strength}" if strength == GIVEN else rf"$\beta={strength}\,\beta_{{\max}}$"


def of_main_strength(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the strength that most rows have."""
    strengths = strengths_of(frame)
    return frame[strengths == strengths.mode().iloc[0]] if len(frame) else frame


def at_common_sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of series, and of sizes within each, that every strength has."""
    everywhere = frame["beta_fraction"].nunique(dropna=False)
    counts = frame.groupby(["method", "size_rule", "n"])["beta_fraction"]
    return frame[counts.transform(lambda fractions: fractions.nunique(dropna=False)) == everywhere]


def draw_strengths(frame: pd.DataFrame, ratio: str) -> Figure:
    """Draw a panel for each series of `at_common_sizes`, with a line for each strength."""
    series = list(series_of(frame))
    figure = new_figure(2.9)
    panels: list[Axes] = list(figure.subplots(1, len(series), sharey=True, squeeze=False).flat)
    for axes, (_, rows) in zip(panels, series, strict=True):
        for index, (_, one) in enumerate(rows.groupby("beta_fraction", dropna=False)):
            name = strength_name(strengths_of(one).iloc[0])
            draw_medians(axes, one, "n", ratio, index, name)
        axes.axhline(1.0, color="black", linewidth=0.8)
        label_sizes(axes, np.sort(rows["n"].unique()))
    panels[0].set_ylabel("value over $p^*$")
    name_panels(panels, [name.replace("relaxation, ", "") for name, _ in series])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=3)
    return figure


def strengths_title(frame: pd.DataFrame, ratio: str) -> str:
    """Say how far the relaxations, or what there is in their place, are above the optimum."""
    relaxed = frame[frame["method"] == "relaxation"]
    rows, what = (relaxed, "a relaxation") if len(relaxed) else (frame, "a method")
    medians = rows.groupby(["beta_fraction", "size_rule", "n"], dropna=False)[ratio].median()
    largest = medians.groupby("beta_fraction", dropna=False).max()
    found = [
        f"{value:.2f} ({strength_name(strength)})"
        for value, strength in zip(largest, strengths_of(largest.index.to_frame()), strict=True)
    ]
    return f"The largest median of {what} over the optimum is {', '.join(found)}"
