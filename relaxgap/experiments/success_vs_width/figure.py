"""The chance of training to the global optimum against the width in units of m_pruned."""

from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.marks import Band, draw_band
from relaxgap.drawing.run_outcomes import (
    certified_to,
    count_of,
    diverged,
    series_labels,
    shared_settings,
)
from relaxgap.drawing.style import GREY, new_figure

WITHIN = 1.01
"""A run reaches the optimum if its least loss is at most this times the certified bound."""
N_RESAMPLES = 2000
PRUNED = r"m_{\mathrm{pruned}}"


@dataclass(frozen=True, slots=True)
class ChanceRow:
    """Hold the chance of one width rule of one series: a row of ``statistics.csv``.

    Parameters
    ----------
    series : str
        Settings that all its runs share, as the legend says them.
    width_rule : str
        Rule of the width, mostly a multiple of m_pruned.
    relative_width : float
        Width over m_pruned, the mean over instances: widths are rounded.
    instances, runs, diverged : int
        How many there are; diverged runs count as misses.
    chance : float
        Mean over instances of the share of runs that are proven within 1% of the optimum.
    chance_low, chance_high : float
        95% bootstrap interval of the chance, over instances; missing for one instance.
    mean_ratio, max_ratio : float
        Least loss of a run over the optimum.
    """

    series: str
    width_rule: str
    relative_width: float
    instances: int
    runs: int
    diverged: int
    chance: float
    chance_low: float
    chance_high: float
    mean_ratio: float
    max_ratio: float


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw the share of runs within 1% of the optimum against the width, a curve for each n."""
    runs = with_success(summary)
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    for index, label in enumerate(runs["series"].drop_duplicates()):
        _draw_chance(axes, statistics[statistics["series"] == label], label, index)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("share of runs within 1% of $p^*$")
    _label_widths(axes, runs)
    axes.legend(loc="lower right")
    annotate(figure, _title(runs, statistics), *_caption(runs))
    return figure


FIGURES = {"": draw}


def _title(runs: pd.DataFrame, statistics: pd.DataFrame) -> str:
    """Say what the chance is at the least and at the largest width."""
    rows = statistics.sort_values("relative_width", kind="stable")
    narrow, wide = (rows[rows["width_rule"] == rows["width_rule"].iloc[at]] for at in (0, -1))
    chances = [
        f"{_percent(part['chance'])} at ${part['relative_width'].mean():.2g}\\,{PRUNED}$"
        for part in (narrow, wide)
    ]
    return f"Runs within 1% of the optimum in {runs['n_steps'].max():,} steps: " + ", ".join(
        chances
    )


def _percent(chances: pd.Series) -> str:
    low, high = (f"{100.0 * chance:.0f}" for chance in (chances.min(), chances.max()))
    return f"{low}%" if low == high else f"{low} to {high}%"


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the chance with its interval and the ratios, by series and width rule."""
    names = {"width_rule": "width", "relative_width": "width/m_pruned", "chance_low": "low"}
    names |= {"chance_high": "high", "mean_ratio": "mean ratio", "max_ratio": "max ratio"}
    shown = statistics[[field.name for field in fields(ChanceRow)]].rename(columns=names)
    return shown.set_index(["series", "width"])


def with_success(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with relative width, ratio, and whether the run is proven near p*."""
    series = series_labels(summary, "n", "width")
    return summary.assign(
        series=series,
        relative_width=summary["width"] / summary["pruned_width"],
        ratio=summary["best_loss"] / summary["optimum"],
        reached=summary["best_loss"] <= WITHIN * summary["optimum_bound"],
        undecided=(summary["best_loss"] > WITHIN * summary["optimum_bound"])
        & (summary["best_loss"] <= WITHIN * summary["optimum"]),
        diverged=diverged(summary),
    ).sort_values("n", kind="stable")


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the chances of every series, in the order of n: rows of `ChanceRow`."""
    runs = with_success(summary)
    rows = [row for _, series in runs.groupby("series", sort=False) for row in chances_of(series)]
    return pd.DataFrame([asdict(row) for row in rows])


def chances_of(runs: pd.DataFrame) -> list[ChanceRow]:
    """Return the chance of each width rule of one series, the narrowest first.

    Instances are resampled, not runs: those of one instance are alike. An interval needs two
    instances.
    """
    rows = []
    for rule, of_rule in runs.groupby("width_rule", sort=False):
        shares = of_rule.groupby("seed")["reached"].mean().to_numpy(dtype=np.float64)
        low, high = _interval(shares)
        row = ChanceRow(
            series=str(of_rule["series"].iloc[0]),
            width_rule=str(rule),
            relative_width=float(of_rule.groupby("seed")["relative_width"].mean().mean()),
            instances=shares.size,
            runs=len(of_rule),
            diverged=int(of_rule["diverged"].sum()),
            chance=float(shares.mean()),
            chance_low=low,
            chance_high=high,
            mean_ratio=float(of_rule["ratio"].mean()),
            max_ratio=float(of_rule["ratio"].max()),
        )
        rows.append(row)
    return sorted(rows, key=lambda row: row.relative_width)


def _interval(shares: Float64[np.ndarray, " instances"]) -> tuple[float, float]:
    if shares.size < 2:
        return np.nan, np.nan
    # a seed of its own, so that a figure is the same each time
    chosen = np.random.default_rng(0).integers(shares.size, size=(N_RESAMPLES, shares.size))
    low, high = np.quantile(shares[chosen].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _draw_chance(axes: Axes, chances: pd.DataFrame, label: str, index: int) -> None:
    columns = ("relative_width", "chance_low", "chance", "chance_high")
    band = Band(*(chances[column].to_numpy(dtype=np.float64) for column in columns))
    draw_band(axes, band, index, label=label)


def _label_widths(axes: Axes, runs: pd.DataFrame) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    widths = runs["relative_width"]
    axes.set_xlim(0.8 * min(widths.min(), 1.0), 1.25 * max(widths.max(), 1.0))
    axes.axvline(1.0, color=GREY, linestyle="--", linewidth=1.0)
    axes.text(
        1.02, 0.95, f"${PRUNED}$", transform=axes.get_xaxis_transform(), color=GREY,
        va="top", ha="left",
    )  # fmt: skip
    axes.set_xlabel(f"width over that of the pruned optimum, $m/{PRUNED}$")


def _caption(runs: pd.DataFrame) -> tuple[str, str]:
    instances = runs.drop_duplicates(["series", "seed"]).groupby("series", sort=False)
    means = instances["pruned_width"].mean()
    per_instance = runs.groupby(["series", "seed", "width_rule"]).size()
    starts = f"{per_instance.min()}" + (
        f" to {per_instance.max()}" if per_instance.max() > per_instance.min() else ""
    )
    listed = "; ".join(
        f"{label}: mean ${PRUNED}={mean:.2g}$, {count} instances"
        for label, mean, count in zip(means.index, means, instances.size(), strict=True)
    )
    undecided = int(runs["undecided"].sum())
    unsure = (
        f"; {undecided} runs that the bracket leaves undecided count as misses" if undecided else ""
    )
    at_the_limit = count_of(int((runs["status"] == "done").sum()), len(runs), "hit the step limit")
    return (
        f"{shared_settings(runs, 'n', 'd', 'width', 'init_scale')}; {listed}; {starts} starts "
        f"each; ${PRUNED}$: width of one optimum after merging and pruning.",
        "Band: 95% bootstrap interval over instances; "
        f"{certified_to(runs)}; {count_of(int(runs['diverged'].sum()), len(runs), 'diverged')}, "
        f"{at_the_limit}{unsure}.",
    )
