"""The ratio at random labels and at the worst that ascent finds, against n."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw medians over seeds of the first and of the worst labels of an instance."""
    frame = by_instance(summary)
    figure = new_figure(3.1)
    axes = figure.add_subplot()
    draw_medians(axes, frame, "n", "ratio_at_start", 0, "labels of the data")
    draw_medians(axes, frame, "n", "ratio_bound", 1, "worst labels found, from below")
    sizes = np.sort(frame["n"].unique())
    axes.plot(sizes, np.sqrt(np.log(2.0 * sizes)), ":", color=GREY, label=r"$\sqrt{\log 2n}$")
    label_sizes(axes, sizes)
    axes.set_ylabel(r"$\tilde p^*/p^*$")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=3)
    annotate(
        figure,
        _title(frame),
        f"{summary['data'].iloc[0]}, $n = 2d$, $8 \\log n$ gates; worst of "
        f"{summary['start'].nunique()} starts; medians over {summary['seed'].nunique()} seeds, "
        "quartiles from five on.",
    )
    return figure


FIGURES = {"": draw}


def by_instance(summary: pd.DataFrame) -> pd.DataFrame:
    """Return, for each instance, the ratio at its own labels and at the worst found."""
    groups = summary.groupby(["n", "seed"])
    own = summary[summary["start"] == 0].set_index(["n", "seed"])["ratio_at_start"]
    return pd.DataFrame(
        {"ratio_at_start": own, "ratio_bound": groups["ratio_bound"].max()}
    ).reset_index()


def _title(frame: pd.DataFrame) -> str:
    """Say the worst ratio found and the largest size."""
    worst = frame.iloc[int(frame["ratio_bound"].argmax())]
    over = int((frame["ratio_bound"] > np.sqrt(np.log(2.0 * frame["n"]))).sum())
    return (
        rf"The worst labels that ascent finds have $\tilde p^*/p^*$ = {worst['ratio_bound']:.2f} "
        rf"(n = {worst['n']:.0f}); {over} of {len(frame)} instances exceed $\sqrt{{\log 2n}}$"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return median and largest ratios over seeds by size."""
    return (
        by_instance(summary).groupby("n")[["ratio_at_start", "ratio_bound"]].agg(["median", "max"])
    )
