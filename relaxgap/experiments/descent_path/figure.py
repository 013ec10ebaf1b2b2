"""The training loss and the number of neurons along descent paths to minimal networks."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.run_outcomes import (
    RUN_KEYS,
    certified_to,
    count_of,
    series_labels,
    shared_settings,
)
from relaxgap.drawing.style import GREY, new_figure

KINDS = {"rescale": "rescaling", "merge": "merging", "prune": "pruning"}
ORIGINS = {"initial": "from random networks", "trained": "from trained networks"}
MEASURES = {
    "relative_loss": "loss over the loss at the start",
    "n_neurons": "neurons that are not zero",
}
N_PLACES = 301
ROUNDING = 1e-12
"""A rise of the loss over its start that rounding can make."""


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw every path and their median, by where they begin; the loss above, neurons below."""
    points = with_positions(summary)
    origins = [origin for origin in ORIGINS if (points["origin"] == origin).any()]
    labels = list(points["series"].drop_duplicates())
    figure = new_figure(4.6)
    grid = figure.subplots(2, len(origins), squeeze=False, sharex=True, sharey="row")
    titles = []
    for row, measure in enumerate(MEASURES):
        for column, origin in enumerate(origins):
            axes = grid[row][column]
            for index, label in enumerate(labels):
                chosen = (points["origin"] == origin) & (points["series"] == label)
                _draw_paths(axes, points[chosen], measure, label, index)
            _mark_kinds(axes, named=row == 0)
            titles.append(f"{'loss' if row == 0 else 'neurons'} {ORIGINS[origin]}")
            if row == 1:
                axes.set_xlabel("place on the path, each kind of piece a unit")
            if row == 1 and points["n"].nunique() == 1:
                n = points["n"].iloc[0]
                line = axes.axhline(n, color=GREY, linestyle="--", linewidth=1.0)
                line.set_label(f"$n={n}$, bound after pruning")
    for row, name in enumerate(MEASURES.values()):
        grid[row][0].set_ylabel(name)
    grid[0][0].yaxis.set_major_formatter("{x:g}")
    grid[1][0].set_ylim(bottom=0.0)
    name_panels(list(grid.flat), titles)
    legend_above(figure, grid[1][0].get_legend_handles_labels()[0], columns=4)
    annotate(figure, _title(points, origins), *_caption(points))
    return figure


FIGURES = {"": draw}


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return what the paths do, by series and origin: medians, and the worst increase.

    ``increase`` is the largest step of the loss over the loss at the start of its path: above
    zero by rounding only.
    """
    paths = path_ends(with_positions(summary))
    # a legend writes formulas, a terminal does not
    paths["series"] = paths["series"].str.replace("$", "")
    return paths.groupby(["series", "origin"], sort=False).agg(
        paths=("steps", "size"),
        steps=("steps", "sum"),
        increase=("increase", "max"),
        fit_change=("fit_change", "max"),
        loss_start=("start", "median"),
        loss_end=("end", "median"),
        fall=("fall", "median"),
        neurons_start=("neurons_start", "median"),
        neurons_end=("neurons_end", "median"),
    )


def with_positions(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their path, their ratio and their place on the path.

    Rescaling takes place between 0 and 1, merging between 1 and 2, pruning between 2 and 3, the
    pieces of one kind evenly spread.
    """
    keys = [*RUN_KEYS, "origin"]
    path = summary.groupby(keys, sort=False, dropna=False).ngroup()
    pieces = summary.assign(path=path).groupby(["path", "kind"])["piece"]
    first, last = pieces.transform("min"), pieces.transform("max")
    kind = summary["kind"].map(list(KINDS).index)
    within = (summary["piece"] - first + summary["t"]) / (last - first + 1)
    starts = summary.groupby(path)["loss"].transform("first")
    return summary.assign(
        path=path,
        relative_loss=summary["loss"] / starts,
        series=series_labels(summary, "n"),
        position=kind + within,
        ratio=summary["loss"] / summary["optimum"],
    )


def path_ends(points: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each path: its ends, its largest increase and its largest fit change."""
    return pd.DataFrame(
        {
            "series": path["series"].iloc[0],
            "origin": path["origin"].iloc[0],
            "steps": len(path) - 1,
            "increase": path["loss"].diff().max() / path["loss"].iloc[0],
            "fit_change": path["fit_change"].max(),
            "start": path["ratio"].iloc[0],
            "end": path["ratio"].iloc[-1],
            "fall": 1.0 - path["ratio"].iloc[-1] / path["ratio"].iloc[0],
            "neurons_start": path["n_neurons"].iloc[0],
            "neurons_end": path["n_neurons"].iloc[-1],
        }
        for path in _paths(points)
    )


def _paths(points: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for _, path in points.groupby("path", sort=False):
        yield path


def _title(points: pd.DataFrame, origins: list[str]) -> str:
    """Say whether the loss fell everywhere, and how far above the optimum the paths end."""
    paths = path_ends(points)
    falls = "does not rise" if paths["increase"].max() <= ROUNDING else "rises somewhere"
    ends = [
        f"{paths.loc[paths['origin'] == origin, 'end'].median():.3g} $p^*$ {ORIGINS[origin]}"
        for origin in origins
    ]
    return f"The loss {falls} on the way to a minimal, not an optimal, network: " + ", ".join(ends)


def _draw_paths(axes: Axes, points: pd.DataFrame, measure: str, label: str, index: int) -> None:
    places = np.linspace(0.0, len(KINDS), N_PLACES)
    colour = colour_of(index)
    lines = [_along(path, measure, places) for path in _paths(points)]
    for line in lines:
        axes.plot(places, line, color=colour, alpha=0.35, linewidth=0.6)
    if lines:
        axes.plot(
            places, np.median(lines, axis=0), color=colour, linewidth=1.8, label=f"median, {label}"
        )


def _along(
    path: pd.DataFrame, measure: str, places: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    """Return the value at every place: linear between points, level where no piece is."""
    values = path[measure].to_numpy(dtype=np.float64)
    at = path["position"].to_numpy(dtype=np.float64)
    return np.asarray(np.interp(places, at, values))


def _mark_kinds(axes: Axes, *, named: bool) -> None:
    for start, name in enumerate(KINDS.values()):
        if start % 2:
            axes.axvspan(start, start + 1, color="#777777", alpha=0.1, linewidth=0)
        if named:
            axes.text(
                start + 0.5, 0.02, name, transform=axes.get_xaxis_transform(), ha="center",
                va="bottom", fontsize=7,
            )  # fmt: skip
    axes.set_xlim(0.0, len(KINDS))
    axes.set_xticks(range(len(KINDS) + 1))


def _caption(points: pd.DataFrame) -> tuple[str, str]:
    paths = path_ends(points)
    worst = paths["increase"].max()
    step = "rises" if worst > 0.0 else "falls"
    steps = f"{paths['steps'].sum()} steps: of its start the loss {step} by "
    steps += f"{scientific(abs(worst))} at the {'worst' if worst > 0.0 else 'least'}"
    trained = points[points["origin"] == "trained"].drop_duplicates("path")
    n_diverged = int((trained["status"] == "diverged").sum())
    ends = f"; {count_of(n_diverged, len(trained), 'diverged')}" if len(trained) else ""
    return (
        f"{shared_settings(points, 'init_scale')}; {len(paths)} paths, "
        f"{points['seed'].nunique()} seeds; medians thick, and in the title; "
        f"{certified_to(points)}{ends}.",
        f"{steps}; largest change of the fit: {scientific(paths['fit_change'].max())} of the "
        "labels.",
    )
