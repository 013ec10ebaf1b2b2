"""Seconds to one accuracy against n, with the measured slope beside Theorem 2's polynomial."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_range, extremes
from relaxgap.drawing.style import caption, new_figure
from relaxgap.drawing.timings import PROGRAMS, label_of, seconds_to, slope, style_index

LINES = {"relu": "-", "gated": "--"}


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw medians with the range over seeds; a slope is that of the upper half of the sizes."""
    figure = new_figure(7.4, 5.2)
    axes = figure.add_subplot()
    slopes = statistics.set_index(["solver", "program"])["slope"]
    for (solver, program), seconds in _curves(summary).items():
        index = style_index(solver)
        draw_range(
            axes,
            extremes(seconds, "n"),
            index,
            markerfacecolor="white" if program == "gated" else colour_of(index),
            linestyle=LINES[program],
            label=f"{label_of(solver)}, {PROGRAMS[program]}"
            f"{_slope_label(slopes.loc[(solver, program)])}",
        )
    sizes, polynomial = _polynomial(summary)
    axes.plot(
        sizes,
        polynomial,
        "--",
        color="black",
        linewidth=1.1,
        label=f"Theorem 2: $d^3 m^3${_slope_label(_upper_slope(polynomial))}",
    )
    axes.axhline(summary["time_limit_seconds"].max(), color="black", linestyle=":", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    axes.set_xlabel("$n$")
    axes.set_ylabel(f"seconds to a relative error of {_error(summary):.0e}")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=2)
    fraction = summary["beta_fraction"].dropna().unique()
    strength = rf", $\beta={fraction[0]:g}\,\beta_{{\max}}$" if len(fraction) == 1 else ""
    caption(
        figure,
        f"{summary['data'].iloc[0]}, $n = 2d$, $8\\,\\log n$ gates{strength}, "
        f"{summary['threads'].max()} thread; dotted: time limit.",
        f"Median and range over {summary['seed'].nunique()} seeds; slopes over the upper half of "
        r"the sizes; $m = 16\,\log n$ neurons.",
    )
    return figure


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


def _upper_slope(seconds: pd.Series) -> float:
    """Return the slope over the upper half of the sizes, NaN for fewer than two."""
    upper = _upper_half(seconds)
    if len(upper) < 2:
        return float("nan")
    return slope(upper.index.to_numpy(dtype=float), upper.to_numpy(dtype=float))


def _upper_half(seconds: pd.Series) -> pd.Series:
    return seconds.iloc[-max(2, len(seconds) // 2) :]


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Return how fast the seconds of each curve grow, a curve a row.

    ``slope`` is that of log seconds against log n from ``n_from`` to ``n_to``, the upper half of
    the sizes at which a ``program`` was solved by a ``solver``; missing for a single size.
    """
    rows = []
    for (solver, program), seconds in _curves(summary).items():
        medians = seconds.groupby("n").median()
        sizes = _upper_half(medians).index
        row = {"solver": solver, "program": program, "n_from": sizes[0], "n_to": sizes[-1]}
        rows.append(row | {"slope": _upper_slope(medians)})
    return pd.DataFrame(rows, columns=["solver", "program", "n_from", "n_to", "slope"])


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median seconds of each solver and program by size, and the slope."""
    seconds = seconds_to(summary, _error(summary)).replace(np.inf, np.nan)
    rows = seconds.groupby(["program", "n"]).median().stack().unstack("n")
    slopes = statistics.set_index(["program", "solver"])["slope"]
    return rows.assign(slope=slopes.reindex(rows.index))
