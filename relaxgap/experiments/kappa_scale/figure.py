"""The condition number against d, and the error of the linear kernel."""

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
    """Draw kappa over its limit on the left, the kernel's error on the right."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    frame["over_limit"] = frame["kappa"] / frame["kappa_limit"]
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    sizes = np.sort(frame["d"].unique())
    for index, c in enumerate(sorted(frame["c"].unique())):
        rows = frame[frame["c"] == c]
        draw_medians(left, rows, "d", "over_limit", index, f"${samples_of(c)}$")
        draw_medians(right, rows, "d", "kernel_error", index)
    bound = float((frame["kappa_bound"] / frame["kappa_limit"]).min())
    left.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0, label="limit")
    left.axhline(
        bound, color=GREY, linestyle="--", linewidth=1.0, label=r"Theorem 6: $20(\sqrt{c}+1)^2$"
    )
    start = float(frame.loc[frame["d"] == sizes[0], "kernel_error"].median())
    right.plot(
        sizes, start * np.sqrt(sizes[0] / sizes), ":", color=GREY, lw=1.0, label="slope $-1/2$"
    )
    without = frame.groupby("d")["kernel_error_without_ones"].median()
    right.plot(without.index, without, "-.", color=GREY, lw=1.0, label="without $11^T$")
    label_factors(right)
    for axes in (left, right):
        label_sizes(axes, sizes, "features $d$")
    left.set_ylabel(r"$\kappa$ over its limit")
    right.set_ylabel("operator error over $d$")
    name_panels((left, right), ("condition number", "linear kernel (Lemma 6)"))
    handles = left.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0]
    legend_above(figure, handles, columns=4)
    rows = summary["data"].iloc[0].split(",")[0].capitalize()
    annotate(
        figure,
        _title(frame),
        f"{rows} rows; medians over {frame['seed'].nunique()} seeds, quartiles from five on.",
    )
    return figure


FIGURES = {"": draw}


def _title(frame: pd.DataFrame) -> str:
    """Count the instances below Theorem 6's bound and say how near the limit is at the end."""
    below = int((frame["kappa"] <= frame["kappa_bound"]).sum())
    last = frame[frame["d"] == frame["d"].max()]
    excess = float((last["kappa"] / last["kappa_limit"] - 1.0).median())
    return (
        rf"$\kappa$ is below Theorem 6's bound on {below} of {len(frame)} instances, and at "
        f"d = {frame['d'].max()} its median is {100.0 * excess:.0f}% above its limit"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by aspect ratio and size."""
    columns = ["kappa", "kappa_limit", "kappa_bound", "kernel_error", "kernel_error_without_ones"]
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    return frame.groupby(["c", "d"])[columns].median()
