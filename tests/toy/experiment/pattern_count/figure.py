"""The fraction of all patterns found, against the gates drawn."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.style import new_figure


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw one line a sample size of the data; nothing here needs statistics."""
    figure = new_figure(3.2)
    axes = figure.subplots()
    for n, rows in table(summary, statistics).groupby("n"):
        axes.plot(rows["n_gates"], rows["found"], "o-", label=f"n = {n}")
    axes.set(xlabel="gates drawn", ylabel="patterns found / all patterns")
    axes.legend()
    annotate(figure, _title(summary), "Medians over seeds and repeats.")
    return figure


FIGURES = {"": draw}


def _title(summary: pd.DataFrame) -> str:
    """Say what the data show, whatever the data."""
    missed = int((summary["n_found"] < summary["n_patterns"]).sum())
    return f"{missed} of {len(summary)} samples miss a pattern"


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median fraction for each size of the data and of the sample."""
    found = summary.assign(found=summary["n_found"] / summary["n_patterns"])
    return found.groupby(["n", "n_gates"], as_index=False)["found"].median()
