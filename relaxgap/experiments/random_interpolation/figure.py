"""Failure rates against the number of gates, and the first number that interpolates."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import beta as beta_distribution

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians, label_factors, marker_of
from relaxgap.drawing.numbers import samples_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.experiments.random_interpolation.cell import DELTA, NEEDED

CONFIDENCE = 0.95


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the rate of singular samples over P~ d / n, and the first P~ beside the bound."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    figure = new_figure(3.3)
    left, right = figure.subplots(1, 2)
    size = int(frame["n"].max())
    largest = frame[frame["n"] == size]
    ratios = sorted(frame["c"].unique())
    for index, c in enumerate(ratios):
        rates = pooled(largest[(largest["c"] == c) & (largest["size_rule"] != NEEDED)])
        look = {"color": colour_of(index), "marker": marker_of(index)}
        left.plot(rates.index, rates["rate"], **look, label=f"${samples_of(c)} = {size}$")
        left.fill_between(
            rates.index, rates["low"], rates["high"], color=look["color"], alpha=0.18, linewidth=0
        )
    needed = frame[frame["size_rule"] == NEEDED]
    for index, c in enumerate(ratios):
        rows = frame[frame["c"] == c]
        draw_medians(right, rows, "n", "first_invertible", index, f"first, ${samples_of(c)}$")
        bounds = needed[needed["c"] == c].groupby("n")["n_gates"].median()
        right.plot(bounds.index, bounds, "--", color=GREY, linewidth=1.0)
    right.plot([], [], "--", color=GREY, label=r"$8 \kappa \log(n / 0.1)$")
    tried = frame.loc[frame["size_rule"] != NEEDED, "n_gates"].unique()
    label_sizes(left, np.sort(tried), r"gates $\tilde P$")
    left.set_ylabel("samples that do not interpolate")
    label_factors(right)
    right.set_ylabel(r"gates $\tilde P$")
    label_sizes(right, np.sort(frame["n"].unique()))
    name_panels((left, right), ("how often they fail", "how many are needed"))
    left.legend()
    legend_above(figure, right.get_legend_handles_labels()[0], columns=4)
    annotate(figure, _title(frame), _caption(frame))
    return figure


FIGURES = {"": draw}


def pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of singular samples for each number of gates, with Clopper and Pearson's."""
    counts = rows.groupby("n_gates")[["n_singular", "n_trials"]].sum()
    failed, trials = counts["n_singular"].to_numpy(), counts["n_trials"].to_numpy()
    tail = 0.5 * (1.0 - CONFIDENCE)
    low = beta_distribution.ppf(tail, failed, trials - failed + 1)
    high = beta_distribution.ppf(1.0 - tail, failed + 1, trials - failed)
    return counts.assign(
        rate=failed / trials,
        low=np.where(failed == 0, 0.0, low),
        high=np.where(failed == trials, 1.0, high),
    )


def _title(frame: pd.DataFrame) -> str:
    """Compare the first number that interpolates with the one of Proposition 2."""
    needed = frame[frame["size_rule"] == NEEDED]
    factor = (needed["n_gates"] / needed["first_invertible"]).median()
    failed, trials = int(needed["n_below_half"].sum()), int(needed["n_trials"].sum())
    return (
        f"Proposition 2's gates fail in {failed} of {trials:,} samples; their number is "
        f"{factor:.0f} times (median) that of the first gates that interpolate"
    )


def _caption(frame: pd.DataFrame) -> str:
    rows = frame["data"].iloc[0].split(",")[0].capitalize()
    return (
        f"{rows} rows, {frame['n_trials'].max()} samples of gates "
        f"for each of {frame['seed'].nunique()} seeds; delta = {DELTA}; areas: Clopper-Pearson "
        f"{100.0 * CONFIDENCE:.0f}% on the left, quartiles on the right."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return, by size and number of gates, rates over seeds and trials, and the Chernoff bound."""
    frame = summary.assign(c=(summary["n"] / summary["d"]).round(2))
    groups = frame.groupby(["c", "n", "size_rule"], sort=False)
    rows = groups[["n_gates", "first_invertible", "least_ratio", "failure_bound"]].median()
    trials = groups["n_trials"].sum()
    rows["singular"] = groups["n_singular"].sum() / trials
    rows["below_half"] = groups["n_below_half"].sum() / trials
    return rows
