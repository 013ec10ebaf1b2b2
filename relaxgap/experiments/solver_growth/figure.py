"""Seconds to one accuracy against n, with the measured slope beside Theorem 2's polynomial."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians
from relaxgap.drawing.numbers import scientific
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.drawing.timings import PROGRAMS, label_of, seconds_to, slope, style_index

OURS = "semismooth_newton"
LINES = {"relu": "-", "gated": "--"}


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw medians and every seed; a slope is that over the sizes that all solvers solved."""
    figure = new_figure(3.7)
    axes = figure.add_subplot()
    slopes = statistics.set_index(["solver", "program"])["slope"]
    for (solver, program), seconds in _curves(summary).items():
        index = style_index(solver)
        draw_medians(
            axes,
            seconds.rename("seconds").reset_index(),
            "n",
            "seconds",
            index,
            f"{label_of(solver)}, {PROGRAMS[program]}{_slope_label(slopes.loc[(solver, program)])}",
            markerfacecolor="white" if program == "gated" else colour_of(index),
            linestyle=LINES[program],
        )
    sizes, polynomial = _polynomial(summary)
    axes.plot(
        sizes,
        polynomial,
        "-.",
        color=GREY,
        linewidth=1.0,
        label=r"Theorem 2: $\propto (n\log n)^3$",
    )
    limit = summary["time_limit_seconds"].max()
    axes.axhline(limit, color=GREY, linestyle=":", linewidth=1.0, label="time limit")
    axes.set_yscale("log")
    label_sizes(axes, sizes)
    axes.set_ylabel(f"seconds to a relative error of {scientific(_error(summary))}")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=2)
    fraction = summary["beta_fraction"].dropna().unique()
    strength = rf", $\beta={fraction[0]:g}\,\beta_{{\max}}$" if len(fraction) == 1 else ""
    annotate(
        figure,
        _title(statistics),
        f"{summary['data'].iloc[0]}, $n = 2d$, $8\\,\\log n$ gates{strength}, "
        f"{summary['threads'].max()} thread; {summary['seed'].nunique()} seeds, lines: medians.",
        rf"Slopes of log seconds in $\log n$ {_ranges(statistics)}.",
    )
    return figure


FIGURES = {"": draw}


def _title(statistics: pd.DataFrame) -> str:
    known = statistics.dropna(subset=["slope"])
    ours = known.loc[known["solver"] == OURS, "slope"]
    others = known.loc[known["solver"] != OURS, "slope"]
    if not len(ours):
        return "Seconds to one accuracy against the number of samples"
    parts = [f"{_powers(ours)} for {label_of(OURS)}"]
    parts += [f"{_powers(others)} for others"] if len(others) else []
    return "Over the same sizes time grows like " + ", ".join(parts)


def _powers(slopes: pd.Series) -> str:
    # the sum makes a negative zero positive
    low, high = (f"$n^{{{round(x, 1) + 0.0:.1f}}}$" for x in (slopes.min(), slopes.max()))
    return low if low == high else f"{low} to {high}"


def _ranges(statistics: pd.DataFrame) -> str:
    """Say over which sizes the slopes of each program are."""
    return ", ".join(
        f"from $n={rows['n_from'].iloc[0]}$ to {rows['n_to'].iloc[0]} ({PROGRAMS[str(program)]})"
        for program, rows in statistics.groupby("program", sort=False)
    )


def _error(summary: pd.DataFrame) -> float:
    return float(summary["tolerance"].min())


def _curves(summary: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    """Return the seconds of each instance that was solved, by solver and program."""
    seconds = seconds_to(summary, _error(summary))
    curves = {}
    for solver in seconds.columns:
        for program in PROGRAMS:
            if program in seconds.index.get_level_values("program"):
                solved = seconds[solver].xs(program, level="program").dropna()
                solved = solved[np.isfinite(solved)]
                if len(solved):
                    curves[solver, program] = solved
    return curves


def _polynomial(summary: pd.DataFrame) -> tuple[np.ndarray, pd.Series]:
    r"""Return the sizes and :math:`(n \log n)^3`, scaled to start with our slower curve."""
    sizes = np.sort(summary["n"].unique())
    growth = pd.Series((sizes * np.log(sizes)) ** 3, index=sizes)
    ours = [curve for (solver, _), curve in _curves(summary).items() if "newton" in solver]
    starts = [curve.groupby("n").median() for curve in ours]
    first = max(start.iloc[0] / growth[start.index[0]] for start in starts) if starts else 1.0
    return sizes, first * growth


def _slope_label(steepness: float) -> str:
    return "" if np.isnan(steepness) else f", slope {steepness:.2f}"


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Return how fast the seconds of each curve grow, a curve a row.

    ``slope`` is that of log seconds against log n from ``n_from`` to ``n_to``, the sizes at which
    every solver of the ``program`` solved it, so that slopes of a program compare; missing for
    fewer than two such sizes.
    """
    medians = {curve: seconds.groupby("n").median() for curve, seconds in _curves(summary).items()}
    rows = []
    for (solver, program), seconds in medians.items():
        sizes = seconds.index
        for (_, of_program), other in medians.items():
            sizes = sizes.intersection(other.index) if of_program == program else sizes
        row: dict[str, Any] = {"solver": solver, "program": program}
        row |= {"n_from": min(sizes, default=None), "n_to": max(sizes, default=None)}
        rows.append(row | {"slope": _slope(seconds[sizes])})
    return pd.DataFrame(rows, columns=["solver", "program", "n_from", "n_to", "slope"])


def _slope(seconds: pd.Series) -> float:
    if len(seconds) < 2:
        return float("nan")
    return slope(seconds.index.to_numpy(dtype=float), seconds.to_numpy(dtype=float))


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median seconds of each solver and program by size, and the slope."""
    seconds = seconds_to(summary, _error(summary)).replace(np.inf, np.nan)
    rows = seconds.groupby(["program", "n"]).median().stack().unstack("n")
    slopes = statistics.set_index(["program", "solver"])["slope"]
    return rows.assign(slope=slopes.reindex(rows.index))
