"""The condition number over its limit against d, and beside Theorem 6's bound."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors, ticks_at
from relaxgap.drawing.numbers import samples_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.theory.activation_gram import kappa_bound, kappa_limit


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw kappa over its limit against d on the left, kappa against n / d on the right."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    frame["over_limit"] = frame["kappa"] / frame["kappa_limit"]
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    sizes, ratios = np.sort(frame["d"].unique()), np.sort(frame["c"].unique())
    for index, c in enumerate(ratios):
        rows = frame[frame["c"] == c]
        label = f"${samples_of(c)}$"
        draw_medians(left, rows, "d", "over_limit", index, label)
        draw_medians(right, rows[rows["d"] == rows["d"].max()], "c", "kappa", index)
    left.axhline(1.0, color=GREY, linestyle=":", linewidth=1.0)
    curve = np.geomspace(ratios[0], ratios[-1], 50)
    limits, bounds = ([one(c) for c in curve] for one in (kappa_limit, kappa_bound))
    right.plot(curve, limits, ":", color=GREY, lw=1.0, label="limit")
    right.plot(curve, bounds, "--", color=GREY, lw=1.0, label=r"Theorem 6: $20(\sqrt{c}+1)^2$")
    label_sizes(left, sizes, "features $d$")
    right.set_xscale("log")
    ticks_at(right, ratios)
    right.set_xlabel("samples a feature $c = n/d$")
    label_factors(right)
    left.set_ylabel(r"$\kappa$ over its limit")
    right.set_ylabel(r"$\kappa$ at the largest $d$")
    name_panels((left, right), ("over the limit", "beside the bound"))
    handles = left.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0]
    legend_above(figure, handles, columns=6)
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
    columns = ["kappa", "kappa_limit", "kappa_bound"]
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    return frame.groupby(["c", "d"])[columns].median()
