"""Panels of certified ratios: the ratios, the weights of growth models, the brackets' widths."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from relaxgap.drawing.marks import beside, colour_of, marker_of, quartiles
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import MARKERS, SMALLEST_POINTS
from relaxgap.experiments.certified_gap.growth import FITTED_FROM, OPTIMA, SeriesGrowth
from relaxgap.experiments.parts.fitted_laws import GrowthFits
from relaxgap.experiments.parts.growth_laws import SATURATING, Growth

CERTIFICATES = {
    "closed_form": "closed form",
    "enumeration": "enumeration",
    "spectral": "spectral",
    "semidefinite": "semidefinite",
    "branch_and_bound": "branch and bound",
}
FLOOR = 1e-9
"""A narrower bracket is drawn here, as the axis says."""
KINDS = {
    "with a limit": ((Growth.CONSTANT, *SATURATING), "#C4C4C4"),
    r"$a+b\sqrt{\log n}$": ((Growth.SQRT_LOG,), "#939393"),
    r"$a+b\,\log n$": ((Growth.LOG,), "#606060"),
    "$an^g$": ((Growth.POWER,), "#2B2B2B"),
}
"""What the parts of a bar are: models and their grey."""


STEP = 0.012
"""Factor less 1 between the places of series, so that their dots can be told."""


def draw_intervals(
    axes: Axes,
    rows: pd.DataFrame,
    index: int,
    line: str = "-",
    label: str | None = None,
    shift: float = 0.0,
) -> None:
    """Draw the ratios of one series: a dot an instance, medians at both ends of their intervals."""
    colour, marker = colour_of(index), marker_of(index)
    factor = (1.0 + STEP) ** shift
    axes.plot(
        rows["n"] * factor, rows["best network"], marker, color=colour, alpha=0.45, markersize=2.6,
        markeredgewidth=0, gid=beside(factor),
    )  # fmt: skip
    low = quartiles(rows, "n", "best network")
    places = low.places * factor
    axes.plot(places, low.middle, line, color=colour, gid=beside(factor))
    # without a bound the area leaves the panel
    above = rows.groupby("n")["lower bound"].median().replace(np.inf, 1e3)
    axes.fill_between(places, low.middle, above, color=colour, alpha=0.2, linewidth=0)
    if label is not None:
        axes.plot([], [], line, color=colour, marker=marker, label=label)


def draw_weights(axes: Axes, series: Mapping[str, SeriesGrowth]) -> None:
    """Draw the AICc weights of the models: three bars a series, for where the optimum is taken.

    That is anywhere in its bracket, and at either end. Beside a bar stands what the models with a
    limit have, the constant among them.
    """
    labels = {}
    place = 0.0
    for name, growth in series.items():
        bars = [(one, stored.fits) for one in OPTIMA if (stored := growth.at(one)) is not None]
        for offset, (optimum, fits) in enumerate(bars):
            _draw_bar(axes, place + offset, optimum, fits)
        if bars:
            labels[place + 0.5 * (len(bars) - 1)] = name
            place += len(bars) + 0.6
    axes.grid(visible=False)
    if not labels:
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            f"growth is fitted to four sizes or more,\nfrom $n={FITTED_FROM}$ on",
            ha="center",
            va="center",
        )
        return
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(place - 0.9, -0.7)
    axes.set_yticks(list(labels), list(labels.values()), fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"AICc weight, Gaussian log ratios from $n={FITTED_FROM}$ on")
    handles = [Patch(color=grey, label=label) for label, (_, grey) in KINDS.items()]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.02, 0.99), ncols=4)
    axes.text(
        1.02,
        -0.75,
        "all with a limit",
        va="bottom",
        fontsize=SMALLEST_POINTS,
    )


def _draw_bar(axes: Axes, place: float, optimum: str, fits: GrowthFits) -> None:
    left = 0.0
    for growths, grey in KINDS.values():
        weight = sum(fits.fit(growth).weight for growth in growths)
        axes.barh(place, weight, left=left, color=grey, height=0.86)
        left += weight
    text = f"{optimum}: {fits.bounded_weight:.2f}"
    axes.text(1.02, place, text, va="center", fontsize=SMALLEST_POINTS)


def draw_brackets(axes: Axes, frame: pd.DataFrame) -> None:
    """Draw how far the best network of each instance is above its certified bound."""
    instances = frame[(frame["method"] == "global") & (frame["bound"] > 0.0)]
    width = np.maximum(instances["best_known"] / instances["bound"] - 1.0, FLOOR)
    certificates = instances["certificate"].fillna("unnamed").astype(str)
    others = sorted(set(certificates) - set(CERTIFICATES))
    for name, marker in zip([*CERTIFICATES, *others], cycle(MARKERS), strict=False):
        rows = instances[certificates == name]
        if len(rows):
            axes.plot(
                rows["n"],
                width[rows.index],
                marker,
                color="#333333",
                markerfacecolor="none",
                markeredgewidth=0.8,
                markersize=4,
                label=CERTIFICATES.get(name, name),
            )
    axes.set_yscale("log")
    axes.set_ylabel("best network over lower bound, less 1\n(drawn at $10^{-9}$ if less)")
    label_sizes(axes, np.sort(frame["n"].unique()))
