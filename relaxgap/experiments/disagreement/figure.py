"""Range of the predictions of optimal networks off the data, against the strength."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.marks import colour_of, marker_of, ticks_at
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.style import new_figure

APART = 0.01
"""Two networks disagree if predictions differ by more than this part of the size of the labels."""


TICKS = (0.01, 0.03, 0.1, 0.3)


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw made instances beside Gaussian ones."""
    figure = new_figure(3.2)
    panels = figure.subplots(1, 2).tolist()
    drawn = summary["data"].str.startswith("gaussian")
    for index, (kind, rows) in enumerate(summary[~drawn].groupby("data", sort=False)):
        _draw(panels[0], rows, "largest_found", index, f"{kind}: largest")
        _draw(panels[0], rows, "median_found", index, f"{kind}: median", linestyle=":")
    for index, (d, rows) in enumerate(summary[drawn].groupby("d")):
        _draw(panels[1], rows, "largest_proven", index + 2, f"$d = {d}$: largest")
        _draw(panels[1], rows, "median_proven", index + 2, f"$d = {d}$: median", linestyle=":")
    panels[0].set_ylabel("range / size of labels")
    for axes in panels:
        axes.set_xscale("log")
        axes.set_xlabel(r"strength $\beta / \beta_{\max}$")
        ticks_at(axes, TICKS)
    panels[0].set_ylim(0.0, 1.35 * panels[0].get_ylim()[1])
    panels[1].set_yscale("log")
    name_panels(panels, ["made: range of networks found", "Gaussian: proven range"])
    panels[0].legend(loc="upper right", bbox_to_anchor=(1.0, 1.0))
    panels[1].legend(loc="upper right")
    seeds = span(summary.groupby(["data", "n", "d", "set_fraction"])["seed"].nunique())
    points = span(summary["n_points"])
    annotate(
        figure,
        title(summary),
        f"Largest and median range of {points} standard normal points, over the root mean "
        f"square of the labels; medians and quartiles of {seeds} instances a strength. In (b) "
        "networks that were found differ by at most "
        f"{scientific(gaussian(summary)['largest_found'].max())}: the rest is what "
        "the proof leaves open.",
    )
    return figure


FIGURES = {"": draw}


def gaussian(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of Gaussian data."""
    return summary[summary["data"].str.startswith("gaussian")]


def made(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of made instances."""
    return summary[~summary["data"].str.startswith("gaussian")]


def _draw(
    axes: Axes, rows: pd.DataFrame, column: str, index: int, label: str, linestyle: str = "-"
) -> None:
    """Draw medians against those of the actual strength, which differs between made instances."""
    groups = rows.groupby("set_fraction")
    at, found = groups["beta_fraction"].median(), groups[column]
    colour, marker = colour_of(index), marker_of(index)
    axes.plot(at, found.median(), color=colour, marker=marker, linestyle=linestyle, label=label)
    if linestyle == "-":
        low, high = found.quantile(0.25), found.quantile(0.75)
        axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)


def title(summary: pd.DataFrame) -> str:
    """Say how many instances disagree, and how little others can."""
    apart = made(summary)
    disagree = apart[apart["largest_found"] > APART]
    drawn = gaussian(summary)
    many = int((drawn["unique"] == "no").sum())
    alike = int((drawn["largest_proven"] < APART).sum())
    return (
        f"Optimal networks of {len(disagree)} of {len(apart)} made problems disagree off the data, "
        f"by up to {disagree['largest_found'].max():.2g} times the size of the labels; those of "
        f"{alike} of {len(drawn)} Gaussian ones, {many} with many optima, are proven within "
        f"{100.0 * APART:.0f}% of it"
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians by data and strength."""
    columns = ["beta_fraction", "median_found", "largest_found", "median_proven", "largest_proven"]
    return summary.groupby(["data", "n", "d", "set_fraction"])[columns].median()
