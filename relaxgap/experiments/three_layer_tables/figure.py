"""Test errors of every method at its best strength, one panel a table."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import DOT_ALPHA, colour_of, marker_of
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

NAMES = {
    "two": "two layers (ours)",
    "columns": "unit columns (ours)",
    "frobenius": "Frobenius norm (ours)",
    "regressor": "perceptron, squared loss",
    "classifier": "perceptron, logistic loss",
}
OURS = ("two", "columns", "frobenius")


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw a panel for each table: all splits at the strength of the least median."""
    tables = list(summary["data"].drop_duplicates())
    figure = new_figure(3.0)
    panels: list[Axes] = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0].tolist()
    methods = [method for method in NAMES if method in set(summary["method"])]
    chosen = at_best(summary)
    for axes, table_name in zip(panels, tables, strict=True):
        for place, method in enumerate(methods):
            rows = chosen[(chosen["data"] == table_name) & (chosen["method"] == method)]
            errors = 100.0 * rows["test_error"]
            index = int(method not in OURS)
            axes.plot(
                errors,
                np.full(len(rows), place),
                marker_of(index),
                color=colour_of(index),
                alpha=DOT_ALPHA,
                markersize=4,
            )
            axes.plot([errors.median()], [place], "|", markersize=14, color="black")
        axes.set_yticks(range(len(methods)), [NAMES[method] for method in methods])
        axes.set_xlim(left=-0.3)
        axes.set_xlabel("test rows classified wrong (%)")
    panels[0].invert_yaxis()
    sizes = summary.groupby("data")[["n", "d"]].first()
    name_panels(
        panels,
        [f"{name}: {sizes.loc[name, 'n']} rows, {sizes.loc[name, 'd']} columns" for name in tables],
    )
    ours = summary[summary["method"].isin(OURS)]
    annotate(
        figure,
        title(summary),
        f"{span(summary.groupby('data')['seed'].nunique())} splits, each a dot, and medians, at "
        "the strength of the least median on these test rows, the same way for all; programs over "
        f"their sampled groups to {scientific(ours['relative_gap'].max())} or closer.",
    )
    return figure


FIGURES = {"": draw}


def medians(summary: pd.DataFrame) -> pd.DataFrame:
    """Return median errors and seconds by table, method and strength."""
    columns = ["test_error", "train_error", "seconds", "relative_gap"]
    return summary.groupby(["data", "method", "strength"], sort=False)[columns].median()


def at_best(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of every method at the strength of its least median test error."""
    errors = medians(summary)["test_error"]
    best = errors.groupby(level=["data", "method"], sort=False).idxmin()
    places = pd.MultiIndex.from_frame(summary[["data", "method", "strength"]])
    return summary[places.isin(list(best))]


def best_errors(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the least median error over strengths, one row a table, one column a method."""
    errors = at_best(summary).groupby(["data", "method"], sort=False)["test_error"].median()
    return errors.unstack()


def title(summary: pd.DataFrame) -> str:
    """Compare three layers with two and with the better perceptron, table by table."""
    said = []
    for name, row in best_errors(summary).iterrows():
        three = 100.0 * min(row["columns"], row["frobenius"])
        rival = 100.0 * min(row["regressor"], row["classifier"])
        said.append(
            f"{name} {three:.1f}%, two layers {100.0 * row['two']:.1f}%, perceptrons {rival:.1f}%"
        )
    return f"Least median test errors of three-layer programs: {'; '.join(said)}"


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over splits by table, method and strength."""
    return medians(summary)
