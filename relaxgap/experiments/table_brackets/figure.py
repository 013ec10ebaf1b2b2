"""The certified bound over the best network's value against seconds, one panel a strength."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, marker_of
from relaxgap.drawing.style import new_figure


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw, for every table, its bound over the best network of the last moment."""
    frame = with_ratios(summary)
    strengths = sorted(frame["beta_fraction"].unique(), reverse=True)
    tables = list(frame["data"].drop_duplicates())
    figure = new_figure(3.0)
    panels: list[Axes] = figure.subplots(1, len(strengths), squeeze=False, sharey=True)[0].tolist()
    for axes, strength in zip(panels, strengths, strict=True):
        for index, name in enumerate(tables):
            rows = frame[(frame["data"] == name) & (frame["beta_fraction"] == strength)]
            axes.plot(
                rows["moment"],
                rows["ratio"],
                marker_of(index),
                linestyle="-",
                color=colour_of(index),
                markersize=4,
                label=spoken(name),
            )
        axes.set_xscale("log")
        moments = sorted(frame["moment"].unique())
        axes.set_xticks(moments, [f"{moment:g}" for moment in moments])
        axes.minorticks_off()
        axes.set_xlabel("seconds")
    panels[0].set_ylim(-0.02, 1.02)
    panels[0].set_ylabel("certified bound / best network")
    name_panels(panels, [rf"$\beta = {strength:g}\,\beta_\max$" for strength in strengths])
    legend_above(figure, panels[0].get_legend_handles_labels()[0], columns=len(tables))
    annotate(
        figure,
        title(summary),
        "Bound of every moment over the best network of the last one; one thread, two cells at a "
        "time; columns and labels standardised, a constant column.",
    )
    return figure


FIGURES = {"": draw}


def spoken(name: str) -> str:
    """Return the name of a table in words."""
    return name.replace("_", " ")


def with_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the bound over the best network of the last moment."""
    best = summary.groupby(["data", "beta_fraction"])["primal_value"].transform("min")
    return summary.assign(ratio=summary["dual_value"] / best)


def last(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the last moment, with their ratios."""
    frame = with_ratios(summary)
    return pd.DataFrame(frame[frame["moment"] == frame["moment"].max()])


def title(summary: pd.DataFrame) -> str:
    """Say what is certified on every table at the last moment, from the largest strength down."""
    frame = last(summary).sort_values("beta_fraction", ascending=False)
    said = []
    for name, rows in frame.groupby("data", sort=False):
        parts = (f"{100.0 * np.floor(1e3 * ratio) / 1e3:.1f}%" for ratio in rows["ratio"])
        said.append(f"{spoken(str(name))} {', '.join(parts)}")
    seconds = f"{frame['moment'].max():g}"
    return f"Certified of the best network's value after {seconds} s: {'; '.join(said)}"


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the ratio at every moment, one row a table and strength."""
    frame = with_ratios(summary)
    return frame.pivot_table(
        index=["data", "beta_fraction"], columns="moment", values="ratio", sort=False
    )
