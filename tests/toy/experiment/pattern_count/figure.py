"""The fraction of all patterns found, against the gates drawn."""

import pandas as pd
from matplotlib.figure import Figure


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw one line a sample size of the data; nothing here needs statistics."""
    figure = Figure()
    axes = figure.subplots()
    for n, rows in table(summary, statistics).groupby("n"):
        axes.plot(rows["n_gates"], rows["found"], "o-", label=f"n = {n}")
    axes.set(xlabel="gates drawn", ylabel="patterns found / all patterns")
    axes.legend()
    return figure


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median fraction for each size of the data and of the sample."""
    found = summary.assign(found=summary["n_found"] / summary["n_patterns"])
    return found.groupby(["n", "n_gates"], as_index=False)["found"].median()
