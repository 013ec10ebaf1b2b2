"""The ratio at random labels and at the worst that ascent finds, against n and by strength."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.drawing.timings import instances

MAIN = 0.1
"""Strength of the left panel, if it is there."""
EXACT = 1e-4
"""Relative distance of the ends up to which they count as one number."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw medians over seeds: both ends at one strength, and the lower end at every strength."""
    frame = by_instance(summary)
    main = frame[frame["beta_fraction"] == MAIN]
    main = main if len(main) else frame
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    above = {"linestyle": "--", "markerfacecolor": "white"}
    draw_medians(left, main, "n", "ratio_at_start_bound", 0, "labels of the data, from below")
    draw_medians(left, main, "n", "ratio_at_start", 0, "the same from above", **above)
    draw_medians(left, main, "n", "ratio_bound", 1, "worst labels found, from below")
    draw_medians(left, main, "n", "ratio", 1, "the same from above", **above)
    for index, (fraction, rows) in enumerate(frame.groupby("beta_fraction"), start=2):
        draw_medians(right, rows, "n", "ratio_bound", index, _strength(fraction))
    for axes, sizes in ((left, main["n"]), (right, frame["n"])):
        ascending = np.sort(sizes.unique())
        axes.plot(ascending, root(ascending), ":", color=GREY, label=r"$\sqrt{\log 2n}$")
        label_sizes(axes, ascending)
    left.set_ylabel(r"$\tilde p^*/p^*$")
    name_panels(
        (left, right), (_strength(main["beta_fraction"].iloc[0]), "worst labels found, from below")
    )
    handles = left.get_legend_handles_labels()[0] + right.get_legend_handles_labels()[0][:-1]
    legend_above(figure, handles, columns=4)
    annotate(figure, _title(frame), _caption(summary, frame))
    return figure


FIGURES = {"": draw}


def root(n: "np.ndarray | pd.Series") -> np.ndarray:
    """Return the growth of Theorem 1, with 1 for its constant."""
    return np.asarray(np.sqrt(np.log(2.0 * np.asarray(n, dtype=np.float64))))


def by_instance(summary: pd.DataFrame) -> pd.DataFrame:
    """Return, for each instance, both ends at its own labels and at the worst found.

    The worst is the start whose ratio is proven to be the largest.
    """
    keys = ["beta_fraction", "n", "seed"]
    summary = instances(summary)
    own = summary[summary["start"] == 0].set_index(keys)
    worst = summary.loc[summary.groupby(keys)["ratio_bound"].idxmax()].set_index(keys)
    columns = ["ratio_bound", "ratio", "certificate", "status"]
    starts = ["ratio_at_start_bound", "ratio_at_start"]
    return own[starts].join(worst[columns]).reset_index()


def _strength(fraction: object) -> str:
    return rf"$\beta = {fraction}\,\beta_{{\max}}$" if fraction != "absolute" else r"one $\beta$"


def exact_to(frame: pd.DataFrame) -> int:
    """Return the largest size up to which the ends of every ratio are as close as `EXACT`."""
    known = (frame["ratio"] / frame["ratio_bound"] - 1.0 <= EXACT).groupby(frame["n"]).all()
    return int(max(known.index[known.cummin()], default=0))


def _title(frame: pd.DataFrame) -> str:
    """Say the worst ratio proven, and how many instances are surely above the root."""
    worst = frame.iloc[int(frame["ratio_bound"].argmax())]
    over = int((frame["ratio_bound"] > root(frame["n"])).sum())
    return (
        r"The worst labels that ascent finds have $\tilde p^*/p^*$ of at least "
        f"{worst['ratio_bound']:.2f} (n = {worst['n']:.0f}); {over} of {len(frame)} instances "
        rf"are proven above $\sqrt{{\log 2n}}$"
    )


def _caption(summary: pd.DataFrame, frame: pd.DataFrame) -> str:
    size = exact_to(frame)
    beyond = frame[frame["n"] > size]
    width = float((beyond["ratio"] / beyond["ratio_bound"] - 1.0).max())
    ends = f"coincide to $10^{{-4}}$ up to $n = {size}$" if size else "do not coincide"
    ends += f", and are up to {100.0 * width:.1f}% apart beyond" if len(beyond) else ""
    seeds = frame.groupby(["beta_fraction", "n"])["seed"].nunique()
    return (
        f"{summary['data'].iloc[0]}, $n = 2d$, $8 \\log n$ gates; the worst of up to "
        f"{summary['start'].nunique()} ascents. The ends of the worst ratios, over certified "
        f"bounds of $p^*$, {ends}. Medians over "
        f"{span(seeds)} seeds; quartiles where all sizes have five, else dots."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return median and largest ratios over seeds by strength and size."""
    columns = ["ratio_at_start_bound", "ratio_bound", "ratio"]
    return by_instance(summary).groupby(["beta_fraction", "n"])[columns].agg(["median", "max"])
