"""The gated ratio against the number of gates, and its bounds."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw exact ratios at the largest enumerated size, and upper bounds of them against n."""
    frame = with_ratios(summary)
    exact = frame[frame["complete"].notna()]
    known = "ratio" if len(exact) else "ratio_bound"
    exact = exact if len(exact) else frame
    size = int(exact["n"].max())
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    for index, (fraction, rows) in enumerate(frame.groupby("fraction")):
        name = rf"$\beta = {fraction:g}\, C_y$"
        here = rows[(rows["n"] == size) & rows[known].notna()]
        draw_medians(left, here, "n_gates", known, index, name)
        most = rows[rows["n_gates"] == rows.groupby("n")["n_gates"].transform("max")]
        draw_medians(right, most, "n", "ratio_bound", index)
    bounds = exact[exact["n"] == size].groupby("n_gates")[["eq7_bound", "theorem5_bound"]].median()
    left.plot(bounds.index, bounds["eq7_bound"], ":", color=GREY, label="equation (7)")
    left.plot(bounds.index, bounds["theorem5_bound"], "--", color=GREY, label="Theorem 5")
    by_size = frame.groupby("n")[["eq7_bound", "theorem5_bound"]].median()
    right.plot(by_size.index, by_size["eq7_bound"], ":", color=GREY)
    right.plot(by_size.index, by_size["theorem5_bound"], "--", color=GREY)
    for axes in (left, right):
        label_factors(axes)
    label_sizes(left, np.sort(exact["n_gates"].unique()), r"gates $\tilde P$")
    label_sizes(right, np.sort(frame["n"].unique()))
    left.set_ylabel(r"$\tilde p_g / p_g$")
    right.set_ylabel(r"$\tilde p_g$ over Proposition 4")
    name_panels((left, right), (f"exact, $n = {size}$", "upper bound of the ratio, most gates"))
    legend_above(figure, left.get_legend_handles_labels()[0], columns=5)
    annotate(
        figure,
        _title(frame),
        f"{summary['data'].iloc[0]}, $n = 2d$; medians over {summary['seed'].nunique()} seeds, "
        "quartiles from five on; both optima certified.",
    )
    return figure


FIGURES = {"": draw}


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with the certified ratio from above, and its bound by Proposition 4."""
    return summary.assign(
        ratio=summary["sampled"] / summary["complete_bound"],
        ratio_least=summary["sampled_bound"] / summary["complete"],
        ratio_bound=summary["sampled"] / summary["prop4_bound"],
    )


def _title(frame: pd.DataFrame) -> str:
    """Say the largest ratio, and how often equation (7) is met."""
    exact = frame[frame["ratio"].notna() & frame["eq7_bound"].notna()]
    holds = int((exact["ratio_least"] <= exact["eq7_bound"]).sum())
    return (
        "Over samples that can fit every label the gated ratio is at most "
        f"{exact['ratio'].max():.2f}; equation (7), "
        f"{exact['eq7_bound'].median():.1f} in the median, holds on {holds} of "
        f"{len(exact)}"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size, strength and number of gates."""
    columns = ["ratio", "ratio_bound", "eq7_bound", "theorem5_bound"]
    return with_ratios(summary).groupby(["n", "fraction", "n_gates"])[columns].median()
