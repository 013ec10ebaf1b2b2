"""Seconds of training over PyTorch's, and of a batch over one run, against the problem's size."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.style import GREY, new_figure

INSTANCE = ["method", "n", "d", "width", "seed"]


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw both ratios for every method, with the ratio at which nothing is gained dashed."""
    ratios = time_ratios(summary)
    n_runs = float(summary["n_runs"].max())
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2)
    _panel(left, ratios, "over_pytorch", 1.0, "as long as PyTorch")
    left.set_ylabel("seconds over PyTorch's")
    if ratios["over_pytorch"].isna().all():
        left.text(0.5, 0.5, "without PyTorch", transform=left.transAxes, ha="center")
    _panel(right, ratios, "over_single", n_runs, f"{n_runs:g} runs one by one")
    right.set_ylabel("seconds over one run's")
    name_panels((left, right), ("one run", f"{n_runs:g} runs in one batch"))
    legend_above(figure, right.get_legend_handles_labels()[0], columns=4)
    annotate(
        figure,
        _title(ratios, n_runs),
        f"Full-batch steps in float64, BLAS threads: {summary['threads'].max()}. Median of "
        f"{summary['n_repeats'].min()} trainings of each kind, taken in turn, each library in a "
        "process of its own.",
    )
    return figure


FIGURES = {"": draw}


def _title(ratios: pd.DataFrame, n_runs: float) -> str:
    parts = []
    for column, what in (
        ("over_pytorch", "of PyTorch's time"),
        ("over_single", f"times one run for a batch of {n_runs:g}"),
    ):
        known = ratios[column].dropna()
        if len(known):
            parts.append(f"{known.min():.2g} to {known.max():.2g} {what}")
    return "Training takes " + " and ".join(parts or ["what the table says"])


def time_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return seconds of one run over PyTorch's and of the batch over one run, one row an instance.

    NaN where PyTorch was not installed or the batch was of one run.
    """
    rows = []
    for key, group in summary.groupby(INSTANCE, sort=False):
        ours, batch = group["library"] == "relaxgap", group["n_runs"] > 1
        single = _one(group[ours & ~batch])
        rows.append(
            dict(zip(INSTANCE, key, strict=True))
            | {
                "size": group["n"].iloc[0] * group["d"].iloc[0] * group["width"].iloc[0],
                "milliseconds_a_step": 1e3 * single / group["n_steps"].iloc[0],
                "over_pytorch": single / _one(group[~ours]),
                "over_single": _one(group[ours & batch]) / single,
                "losses_apart": group["final_loss"].max() / group["final_loss"].min() - 1.0,
            }
        )
    return pd.DataFrame(rows)


def _one(rows: pd.DataFrame) -> float:
    return float(rows["seconds"].iloc[0]) if len(rows) else float("nan")


def _panel(axes: Axes, ratios: pd.DataFrame, column: str, level: float, words: str) -> None:
    for index, (method, rows) in enumerate(ratios.groupby("method", sort=False)):
        draw_medians(axes, rows.dropna(subset=[column]), "size", column, index, method_name(method))
    axes.axhline(level, color=GREY, linestyle="--", linewidth=1.0)
    place = axes.get_yaxis_transform()
    axes.text(0.02, level, words, transform=place, va="bottom", fontsize=7, color=GREY)
    sizes = ratios.drop_duplicates("size")
    names = [f"{row.n}\n{row.d}\n{row.width}" for row in sizes.itertuples()]
    axes.set_xscale("log")
    axes.set_xticks(sizes["size"], names)
    axes.minorticks_off()
    axes.set_xlabel("$n$, $d$, $m$ from top to bottom")
    axes.set_ylim(0.0, 1.12 * max(level, ratios[column].fillna(0.0).max()))


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the milliseconds of a step and both ratios, medians over seeds."""
    ratios = time_ratios(summary)
    columns = ["milliseconds_a_step", "over_pytorch", "over_single", "losses_apart"]
    return ratios.groupby(["method", "n", "d", "width"])[columns].median()
