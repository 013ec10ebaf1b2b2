"""Seconds against the unknowns of Theorem 2, and the loss of the network over the optimum."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.drawing.timings import in_order, label_of, slope_interval, style_index

COUNTED = "dense_interior_point"
THEOREM = 3.0
"""Power of d m in Theorem 2."""
INSTANCE = ["n", "d", "n_gates", "seed"]


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw the seconds of every solver with their slopes, and both ends of the loss ratio."""
    reached, ratios = with_unknowns(summary), loss_ratios(summary)
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2)
    for solver in in_order(reached["solver"].unique()):
        rows = reached[reached["solver"] == solver]
        name = f"{label_of(solver)}{_slope_label(statistics[statistics['solver'] == solver])}"
        draw_medians(left, rows, "unknowns", "seconds", style_index(solver), name)
    left.plot(*_reference(reached), "-.", color=GREY, label=r"Theorem 2: $\propto (dm)^3$")
    left.set_yscale("log")
    unknowns = reached.groupby("n")["unknowns"].median().sort_values().to_numpy()
    label_sizes(left, unknowns, r"unknowns $d\,m$ of $m = 2\tilde P$ blocks")
    left.set_ylabel(f"seconds to {scientific(float(summary['tolerance'].min()))}")
    above = {"linestyle": "--", "markerfacecolor": "white"}
    draw_medians(right, ratios, "n", "lower", 3, "over the best network")
    draw_medians(right, ratios, "n", "upper", 3, r"over the lower bound of $p^*$", **above)
    sizes = np.sort(ratios["n"].unique())
    right.plot(sizes, np.sqrt(np.log(2.0 * sizes)), ":", color=GREY, label=r"$\sqrt{\log 2n}$")
    label_sizes(right, sizes)
    right.set_ylabel(r"training loss over $p^*$")
    name_panels((left, right), ("what it costs", "what it buys"))
    handles = [handle for axes in (left, right) for handle in axes.get_legend_handles_labels()[0]]
    legend_above(figure, handles, columns=2)
    annotate(figure, _title(statistics, ratios), _caption(summary))
    return figure


FIGURES = {"": draw}


def with_unknowns(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that reached the error asked for, with the unknowns of their program."""
    reached = summary[summary["relative_error"] <= summary["tolerance"]]
    return reached.assign(unknowns=2 * reached["d"] * reached["n_patterns"])


def loss_ratios(summary: pd.DataFrame) -> pd.DataFrame:
    """Return, for each instance, both ends of the loss of any solver's network over the optimum."""
    rows = with_unknowns(summary)
    rows = rows.assign(
        lower=rows["primal_value"] / rows["optimum"],
        upper=rows["primal_value"] / rows["optimum_bound"],
    )
    return rows.groupby(INSTANCE).agg({"lower": "min", "upper": "max"}).reset_index()


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Return how fast the seconds of each solver grow with the unknowns, a solver a row.

    ``slope`` is the least-squares one of log seconds in log unknowns over all instances of the
    sizes that every solver reached, from ``n_from`` to ``n_to``; ``low`` and ``high`` are the ends
    of its 95% interval, all missing for fewer than three sizes.
    """
    reached = with_unknowns(summary)
    solvers = reached.groupby("n")["solver"].nunique()
    reached = reached[reached["n"].isin(solvers.index[solvers == reached["solver"].nunique()])]
    rows: list[dict[str, Any]] = []
    for solver in in_order(reached["solver"].unique()):
        of_solver = reached[reached["solver"] == solver]
        slope, low, high = slope_interval(
            of_solver["unknowns"].to_numpy(float), of_solver["seconds"].to_numpy(float)
        )
        sizes = {"n_from": of_solver["n"].min(), "n_to": of_solver["n"].max()}
        rows.append({"solver": solver, **sizes, "slope": slope, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["solver", "n_from", "n_to", "slope", "low", "high"])


def table(summary: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the median seconds of each solver by size with the slopes, above the loss ratios."""
    seconds = with_unknowns(summary).groupby(["solver", "n"])["seconds"].median().unstack("n")
    slopes = statistics.set_index("solver")["slope"]
    ratios = loss_ratios(summary).groupby("n")[["lower", "upper"]].median().T
    return pd.concat([seconds.assign(slope=slopes), ratios.rename(index="loss / p*, {}".format)])


def _title(statistics: pd.DataFrame, ratios: pd.DataFrame) -> str:
    known = statistics.dropna(subset=["slope"]).set_index("solver")["slope"]
    losses = f"for a loss of {ratios['lower'].min():.2f} to {ratios['upper'].max():.2f} $p^*$"
    if COUNTED not in known:
        return f"Seconds of training by convex programs, {losses}"
    others = known.drop(COUNTED)
    powers = [f"$(dm)^{{{known[COUNTED]:.1f}}}$ for the method of Theorem 2"]
    powers += [f"$(dm)^{{{p:.1f}}}$ for {label_of(str(name))}" for name, p in others.items()]
    return f"Time grows like {', '.join(powers)}, {losses}"


def _caption(summary: pd.DataFrame) -> str:
    fraction = summary["beta_fraction"].dropna().unique()
    strength = rf", $\beta={fraction[0]:g}\,\beta_{{\max}}$" if len(fraction) == 1 else ""
    seeds = span(summary.groupby("n")["seed"].nunique())
    return (
        f"{summary['data'].iloc[0]}, $n = 2d$, $8\\,\\log n$ gates{strength}, "
        f"{summary['threads'].max()} thread; {seeds} seeds, lines: medians. "
        "The dense method is Clarabel with the objective multiplied out, Clarabel's own form keeps "
        "the residual as a variable. Slopes, with 95% intervals, over the sizes that all "
        "reached. Networks keep the value of the program; both ends are of a certified bracket."
    )


def _slope_label(fits: pd.DataFrame) -> str:
    slope, low, high = fits[["slope", "low", "high"]].iloc[0]
    return "" if np.isnan(slope) else f", slope {slope:.2f} ({low:.2f} to {high:.2f})"


def _reference(reached: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the power of Theorem 2 through the largest program of the method that it counts."""
    rows = reached[reached["solver"] == COUNTED]
    rows = rows if len(rows) else reached
    last = rows[rows["n"] == rows["n"].max()].median(numeric_only=True)
    unknowns = np.sort(rows["unknowns"].unique()).astype(float)
    return unknowns, last["seconds"] * (unknowns / last["unknowns"]) ** THEOREM
