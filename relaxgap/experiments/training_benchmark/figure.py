"""Seconds of training over PyTorch's, and of a batch over one run, against the problem's size."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.style import caption, new_figure

GOAL_OVER_PYTORCH = 1.2
GOAL_OF_BATCH = 12.0
INSTANCE = ["method", "n", "d", "width", "seed"]


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw both ratios for every method, with the goals dashed."""
    ratios = time_ratios(summary)
    n_runs = float(summary["n_runs"].max())
    figure = new_figure(8.2, 3.7)
    left, right = figure.subplots(1, 2)
    _panel(left, ratios, "over_pytorch", {GOAL_OVER_PYTORCH: f"{GOAL_OVER_PYTORCH} times PyTorch"})
    left.set_ylabel("one run:\nseconds over PyTorch's")
    if ratios["over_pytorch"].isna().all():
        left.text(0.5, 0.5, "without PyTorch", transform=left.transAxes, ha="center")
    goals = {GOAL_OF_BATCH: f"{GOAL_OF_BATCH:g} single runs", n_runs: f"{n_runs:g}: nothing saved"}
    _panel(right, ratios, "over_single", goals)
    right.set_ylabel(f"{n_runs:g} runs in one batch:\nseconds over one run's")
    handles = right.get_legend_handles_labels()[0]
    legend_above(figure, handles, columns=len(handles))
    caption(
        figure,
        f"Full-batch steps in float64, BLAS threads: {summary['threads'].max()}. Median of "
        f"{summary['n_repeats'].min()} trainings of each kind,",
        "taken in turn, each library in a process of its own.",
    )
    return figure


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


def _panel(axes: Axes, ratios: pd.DataFrame, column: str, goals: dict[float, str]) -> None:
    for index, (method, rows) in enumerate(ratios.groupby("method", sort=False)):
        medians = rows.groupby("size")[column].median()
        axes.plot(
            medians.index,
            medians,
            color=colour_of(index),
            marker=marker_of(index),
            label=method_name(method),
        )
    for height, label in goals.items():
        axes.axhline(height, color="#444444", linestyle="--", linewidth=1.1)
        place = axes.get_yaxis_transform()
        axes.text(0.02, height, label, transform=place, va="bottom", fontsize=8, color="#444444")
    sizes = ratios.drop_duplicates("size")
    names = [f"{row.n}\n{row.d}\n{row.width}" for row in sizes.itertuples()]
    axes.set_xscale("log")
    axes.set_xticks(sizes["size"], names, fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel(r"$n$, $d$, $m$, from top to bottom (at their product)")
    axes.set_ylim(0.0, 1.12 * max(*goals, ratios[column].fillna(0.0).max()))


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the milliseconds of a step and both ratios, medians over seeds."""
    ratios = time_ratios(summary)
    columns = ["milliseconds_a_step", "over_pytorch", "over_single", "losses_apart"]
    return ratios.groupby(["method", "n", "d", "width"])[columns].median()
