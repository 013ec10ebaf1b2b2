"""Seconds against samples on logarithmic axes, with slopes over both halves of the sizes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure

NAMES = {
    (1, "columns"): "$m_1 = 1$, which is two layers",
    (1, "frobenius"): "$m_1 = 1$, Frobenius norm",
    (2, "columns"): "$m_1 = 2$, unit columns",
    (2, "frobenius"): "$m_1 = 2$, Frobenius norm",
}
NORMS = {"columns": "unit columns", "frobenius": "Frobenius norm"}
FEWEST = 4
"""Sizes from which on they are cut into halves."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw seconds and sub-networks in use, a line for each width and normalisation."""
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    for index, ((m, normalisation), rows) in enumerate(summary.groupby(["m", "normalisation"])):
        name = NAMES.get((int(str(m)), str(normalisation)), f"$m_1 = {m}$, {normalisation}")
        draw_medians(left, rows, "n", "seconds", index, name)
        draw_medians(right, rows, "n", "width", index, name)
    for axes in (left, right):
        label_sizes(axes, np.sort(summary["n"].unique()))
    right.set_ylim(bottom=0.0)
    label_factors(left)
    left.set_ylabel("seconds to the optimum")
    right.set_ylabel("sub-networks in use")
    name_panels([left, right], ["processor seconds, one thread", "sub-networks of the optimum"])
    legend_above(figure, left.get_legend_handles_labels()[0], columns=4)
    first = summary.iloc[0]
    seeds = span(summary.groupby(["m", "normalisation", "n"])["seed"].nunique())
    solved = int((summary["status"] == "solved").sum())
    annotate(
        figure,
        title(summary),
        f"{first['data']}, d = {first['d']}, {first['beta_fraction']:g} $\\beta_{{\\max}}$; "
        f"{seeds} seeds, medians, quartiles from five on; {solved} of {len(summary)} brackets "
        f"reach what was asked for, the widest is {scientific(summary['relative_gap'].max())}.",
    )
    return figure


FIGURES = {"": draw}


def slopes(summary: pd.DataFrame) -> pd.DataFrame:
    """Return slopes of logarithms of median seconds over that of n, on both halves of the sizes.

    One row a width and normalisation; the middle size is in both halves.
    """
    found = []
    for (m, normalisation), rows in summary.groupby(["m", "normalisation"]):
        medians = rows.groupby("n")["seconds"].median()
        middle = len(medians) // 2 if len(medians) >= FEWEST else 0
        early, late = medians.iloc[: max(middle + 1, 2)], medians.iloc[middle:]
        fitted = [
            float(np.polyfit(np.log(part.index), np.log(part), 1)[0]) for part in (early, late)
        ]
        found.append((int(str(m)), str(normalisation), *fitted, float(medians.iloc[-1])))
    return pd.DataFrame(found, columns=["m", "normalisation", "early", "late", "last"])


def title(summary: pd.DataFrame) -> str:
    """Say how seconds grow on both halves of the sizes."""
    said = ", ".join(
        f"for $m_1 = {row.m}$"
        + (f" ({NORMS[str(row.normalisation)]})" if row.m != 1 else "")
        + f" as $n^{{{row.early:.1f}}}$ and then $n^{{{row.late:.1f}}}$"
        for row in slopes(summary).itertuples()
    )
    return f"Seconds to the certified optimum grow, on the smaller and the larger sizes, {said}"


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by width, normalisation and samples."""
    columns = ["seconds", "n_rounds", "width", "relative_gap"]
    return summary.groupby(["m", "normalisation", "n"])[columns].median()
