"""Test errors by table and method, and the certified ratio of every network."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import DOT_ALPHA, colour_of, label_factors, marker_of
from relaxgap.drawing.style import GREY, new_figure

LABELS = {
    "relu": "ReLU program (ours)",
    "gated": "gated program (ours)",
    "perceptron": "perceptron, best of 5",
    "boosting": "boosted trees",
    "linear": "ridge or logistic",
}
OURS = ("relu", "gated")
WIDTH = 0.13
"""Distance of methods beside each other, of tables at a distance of 1."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw test errors in two panels, of numbers and of classes, and ratios below."""
    figure = new_figure(5.2)
    above, below = figure.subplots(2, 2, height_ratios=(1.25, 1.0), sharex="col")
    numbers = summary[summary["n_classes"] == 0]
    classes = summary[summary["n_classes"] > 0]
    for column, (rows, what) in enumerate(
        ((numbers, "test error over the variance"), (classes, "classified wrong"))
    ):
        _errors(above[column], rows)
        above[column].set_ylabel(what)
        _ratios(below[column], rows)
    below[0].set_ylabel("training loss over the\nlower bound of any width")
    name_panels(
        [*above, *below],
        [
            "labels that are numbers",
            "labels that are classes",
            "networks of numbers over their bounds",
            "networks of classes over their bounds",
        ],
    )
    legend_above(figure, _legend(summary), columns=3)
    annotate(figure, _title(summary), _caption(summary))
    return figure


FIGURES = {"": draw}


def tables_of(summary: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the tables in the order of the file, by name and number of training rows."""
    return list(summary[["data", "n"]].drop_duplicates().itertuples(index=False, name=None))


def medians(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the median test error over splits, one row a table, one column a method."""
    frame = summary.groupby(["data", "n", "method"], sort=False)["test_error"].median().unstack()
    return frame[[name for name in LABELS if name in frame]]


def best_methods(summary: pd.DataFrame) -> pd.DataFrame:
    """Say of each table which methods have the least median test error, equal ones alike."""
    frame = medians(summary)
    return frame.eq(frame.min(axis=1), axis=0)


def _errors(axes: Axes, rows: pd.DataFrame) -> None:
    for place, (data, n) in enumerate(tables_of(rows)):
        for index, method in enumerate(LABELS):
            at = place + (index - 2) * WIDTH
            some = rows[(rows["data"] == data) & (rows["n"] == n) & (rows["method"] == method)]
            low, middle, high = some["test_error"].quantile([0.25, 0.5, 0.75])
            colour = colour_of(index)
            axes.plot([at, at], [low, high], color=colour, alpha=0.6)
            axes.plot(at, middle, color=colour, marker=marker_of(index))
    _, top = axes.get_ylim()
    # markers at zero are whole
    axes.set_ylim(-0.04 * top, top)


def _ratios(axes: Axes, rows: pd.DataFrame) -> None:
    for place, (data, n) in enumerate(tables_of(rows)):
        for index, method in enumerate(LABELS):
            some = rows[(rows["data"] == data) & (rows["n"] == n) & (rows["method"] == method)]
            ratios = some["certified_ratio"].dropna()
            at = np.full(len(ratios), place + (index - 2) * WIDTH)
            axes.plot(
                at, ratios, color=colour_of(index), marker=marker_of(index), lw=0, alpha=DOT_ALPHA
            )
    axes.axhline(1.0, color=GREY, lw=0.8)
    label_factors(axes)
    names = [f"{data.replace('_', ' ')}\n{n:,}" for data, n in tables_of(rows)]
    axes.set_xticks(range(len(names)), names, rotation=0)
    axes.set_xlabel("table, training rows")


def _legend(summary: pd.DataFrame) -> list[Line2D]:
    known = set(summary["method"])
    return [
        Line2D([], [], color=colour_of(index), marker=marker_of(index), lw=0, label=label)
        for index, (method, label) in enumerate(LABELS.items())
        if method in known
    ]


def _title(summary: pd.DataFrame) -> str:
    best = best_methods(summary)
    ours = int(best[[name for name in OURS if name in best]].any(axis=1).sum())
    others = [
        f"{words} on {int(best[name].sum())}"
        for name, words in (
            ("boosting", "boosted trees"),
            ("perceptron", "perceptrons"),
            ("linear", "linear models"),
        )
        if name in best
    ]
    return (
        f"Least median test error: convex networks on {ours} of {len(best)} tables, "
        f"{', '.join(others)}"
    )


def _caption(summary: pd.DataFrame) -> str:
    splits = summary.groupby(["data", "n"])["seed"].nunique()
    certified = summary.dropna(subset=["certified_ratio"])
    return (
        f"Medians and quartiles over {splits.min()} to {splits.max()} splits; equal least medians "
        f"all count. Below: {len(certified)} networks, each over a certified "
        "lower bound of its own training problem; of more than two classes the worst of one "
        "against the rest, and none for a perceptron, whose softmax is another problem."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return errors, seconds and ratios, medians over splits."""
    keys = ["data", "n", "method"]
    columns = ["test_error", "seconds", "n_active", "certified_ratio"]
    return summary.groupby(keys, sort=False)[columns].median()
