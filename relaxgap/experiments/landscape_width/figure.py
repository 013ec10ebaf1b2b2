"""The chance of training to the global optimum against the width in units of m*."""

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.run_outcomes import (
    certified_to,
    count_of,
    diverged,
    series_labels,
    shared_settings,
)
from relaxgap.drawing.style import COLOURS, MARKERS, caption, new_figure

WITHIN = 1.01
"""A run reaches the optimum if its least loss is at most this times the certified bound."""
N_RESAMPLES = 2000


def draw(summary: pd.DataFrame) -> Figure:
    """Draw the share of runs within 1% of the optimum and their excess, a curve for each n."""
    runs = with_success(summary)
    labels = list(runs["series"].drop_duplicates())
    figure = new_figure(10.0, 4.7)
    left, right = figure.subplots(1, 2)
    for index, label in enumerate(labels):
        of_label = runs[runs["series"] == label]
        _draw_chance(left, of_label, label, index)
        _draw_excess(right, of_label, index)
    left.set_ylim(-0.03, 1.03)
    left.set_ylabel("share of runs within 1% of $p^*$")
    right.set_yscale("log")
    right.axhline(WITHIN - 1.0, color="black", linestyle=":", linewidth=1.1, label="1%")
    right.set_ylabel("excess of the least loss, loss$/p^*-1$")
    for axes in (left, right):
        _label_widths(axes, runs)
    handles, names = left.get_legend_handles_labels()
    dotted, dotted_names = right.get_legend_handles_labels()
    figure.legend([*handles, *dotted], [*names, *dotted_names], loc="outside upper center", ncols=5)
    caption(figure, *_caption_lines(runs))
    return figure


def table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the chance with its interval and the ratios, by series and width rule."""
    runs = with_success(summary)
    rows = {}
    for label in runs["series"].drop_duplicates():
        chances = chances_of(runs[runs["series"] == label])
        for rule, row in chances.iterrows():
            rows[label, str(rule)] = row
    result = pd.DataFrame.from_dict(rows, orient="index")
    result.index = pd.MultiIndex.from_tuples(rows, names=["series", "width"])
    counts = ["instances", "runs", "diverged"]
    return result.astype(dict.fromkeys(counts, int))


def with_success(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the width over m*, the ratio, and whether the run is proven near p*."""
    series = series_labels(summary, "n", "width")
    return summary.assign(
        series=series,
        relative_width=summary["width"] / summary["critical_width"],
        ratio=summary["best_loss"] / summary["optimum"],
        reached=summary["best_loss"] <= WITHIN * summary["optimum_bound"],
        undecided=(summary["best_loss"] > WITHIN * summary["optimum_bound"])
        & (summary["best_loss"] <= WITHIN * summary["optimum"]),
        diverged=diverged(summary),
    ).sort_values("n", kind="stable")


def chances_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the chance of each width rule, its 95% bootstrap interval and the ratios.

    Instances are resampled, not runs: those of one instance are alike. An interval needs two
    instances. The widths are rounded, so ``width/m*`` is their mean over the instances.
    """
    rows = {}
    for rule, of_rule in runs.groupby("width_rule", sort=False):
        shares = of_rule.groupby("seed")["reached"].mean().to_numpy(dtype=np.float64)
        low, high = _interval(shares)
        rows[rule] = {
            "width/m*": of_rule.groupby("seed")["relative_width"].mean().mean(),
            "instances": shares.size,
            "runs": len(of_rule),
            "diverged": int(of_rule["diverged"].sum()),
            "chance": shares.mean(),
            "low": low,
            "high": high,
            "mean ratio": of_rule["ratio"].mean(),
            "max ratio": of_rule["ratio"].max(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("width/m*", kind="stable")


def _interval(shares: Float64[np.ndarray, " instances"]) -> tuple[float, float]:
    if shares.size < 2:
        return np.nan, np.nan
    # a seed of its own, so that a figure is the same each time
    chosen = np.random.default_rng(0).integers(shares.size, size=(N_RESAMPLES, shares.size))
    low, high = np.quantile(shares[chosen].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _draw_chance(axes: Axes, runs: pd.DataFrame, label: str, index: int) -> None:
    chances = chances_of(runs)
    colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
    places = chances["width/m*"]
    axes.plot(places, chances["chance"], color=colour, marker=marker, label=label)
    axes.fill_between(
        places, chances["low"], chances["high"], color=colour, alpha=0.18, linewidth=0
    )


def _draw_excess(axes: Axes, runs: pd.DataFrame, index: int) -> None:
    chances = chances_of(runs)
    colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
    gap = float((runs["optimum"] / runs["optimum_bound"] - 1.0).max())
    floor = max(gap, np.finfo(np.float64).eps)
    mean, largest = (np.maximum(chances[name] - 1.0, floor) for name in ("mean ratio", "max ratio"))
    axes.plot(chances["width/m*"], mean, color=colour, marker=marker)
    axes.plot(chances["width/m*"], largest, ":", color=colour, linewidth=1.1)


def _label_widths(axes: Axes, runs: pd.DataFrame) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    widths = runs["relative_width"]
    axes.set_xlim(0.8 * min(widths.min(), 1.0), 1.25 * max(widths.max(), 1.0))
    axes.axvline(1.0, color="#777777", linestyle="--", linewidth=1.1)
    axes.text(
        1.0, 1.0, " $m^*$", transform=axes.get_xaxis_transform(), color="#555555", va="bottom",
        ha="center",
    )  # fmt: skip
    axes.set_xlabel("width over critical width, $m/m^*$")


def _caption_lines(runs: pd.DataFrame) -> tuple[str, str]:
    instances = runs.drop_duplicates(["series", "seed"]).groupby("series", sort=False)
    means = instances["critical_width"].mean()
    per_instance = runs.groupby(["series", "seed", "width_rule"]).size()
    starts = f"{per_instance.min()}" + (
        f" to {per_instance.max()}" if per_instance.max() > per_instance.min() else ""
    )
    listed = "; ".join(
        f"{label}: mean $m^*={mean:.2g}$, {count} instances"
        for label, mean, count in zip(means.index, means, instances.size(), strict=True)
    )
    undecided = int(runs["undecided"].sum())
    unsure = (
        f"; {undecided} runs that the bracket leaves undecided count as misses" if undecided else ""
    )
    at_the_limit = count_of(int((runs["status"] == "done").sum()), len(runs), "hit the step limit")
    return (
        f"{shared_settings(runs, 'n', 'd', 'width', 'init_scale')}; {listed}; {starts} starts "
        "each; $m^*$: width after merging and pruning",
        "band: 95% bootstrap interval over instances; right: mean (line) and maximum (dotted); "
        f"{certified_to(runs)}; {count_of(int(runs['diverged'].sum()), len(runs), 'diverged')}, "
        f"{at_the_limit}{unsure}",
    )
