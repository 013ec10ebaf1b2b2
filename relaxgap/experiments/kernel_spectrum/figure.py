"""The error of the linear kernel against d, and the least eigenvalue of M with it."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.numbers import samples_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the operator error on the left, the least eigenvalue of M on the right."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    sizes = np.sort(frame["d"].unique())
    for index, c in enumerate(sorted(frame["c"].unique())):
        rows = frame[frame["c"] == c]
        draw_medians(left, rows, "d", "kernel_error", index, f"${samples_of(c)}$")
        draw_medians(right, rows, "d", "least", index)
    start = float(frame.loc[frame["d"] == sizes[0], "kernel_error"].median())
    left.plot(
        sizes, start * np.sqrt(sizes[0] / sizes), ":", color=GREY, lw=1.0, label="slope $-1/2$"
    )
    # at aspect ratios that every size has
    everywhere = frame.groupby("c")["d"].nunique() == len(sizes)
    common = frame[frame["c"].isin(everywhere.index[everywhere])]
    without = common.groupby("d")["kernel_error_without_ones"].median()
    left.plot(without.index, without, "-.", color=GREY, lw=1.0, label="without $11^T$")
    right.axhline(0.25, color=GREY, linestyle="--", linewidth=1.0, label="the kernel's: $1/4$")
    label_factors(left)
    for axes in (left, right):
        label_sizes(axes, sizes, "features $d$")
    left.set_ylabel("operator error over $d$")
    right.set_ylabel(r"$\lambda_{\min}(M)$ over $d$")
    right.set_ylim(bottom=0.0)
    name_panels((left, right), ("M less the linear kernel", "least eigenvalue of M"))
    handles = left.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0]
    legend_above(figure, handles, columns=4)
    rows = summary["data"].iloc[0].split(",")[0].capitalize()
    annotate(
        figure,
        _title(frame),
        rf"{rows} rows; medians over {frame['seed'].nunique()} seeds, quartiles from five on; "
        r"the kernel is $XX^T/4 + dI/4 + 11^T/2\pi$.",
    )
    return figure


FIGURES = {"": draw}


def _title(frame: pd.DataFrame) -> str:
    """Say how the error falls from the least size to the largest."""
    first, last = frame["d"].min(), frame["d"].max()
    at_first, at_last = (frame[frame["d"] == d]["kernel_error"].median() for d in (first, last))
    return (
        f"M comes near a kernel linear in the Gram matrix: from d = {first} to {last} the median "
        f"error falls from {at_first:.2f} d to {at_last:.3f} d"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by aspect ratio and size."""
    columns = ["least", "least_linear", "kernel_error", "kernel_error_without_ones"]
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    return frame.groupby(["c", "d"])[columns].median()
