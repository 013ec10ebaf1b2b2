"""What each method takes, and what is left between its two sides, or between it and the optimum."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import new_figure
from relaxgap.experiments.global_benchmark.cell import OURS, SCIP
from relaxgap.experiments.global_benchmark.completely_positive import SDP_SOLVERS

NAMES = {
    OURS: "relaxgap: proven bracket",
    "sdp_clarabel": "published SDP, Clarabel: below",
    "sdp_scs": "published SDP, SCS: below",
    SCIP: "SCIP: its own bracket",
    "adam": "Adam: a network found",
}
FLOOR = 1e-8
CLOSED = 1e-4


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw CPU seconds and gaps against n, a line for each method."""
    frame = with_gaps(summary)
    figure = new_figure(3.9)
    left, right = figure.subplots(1, 2)
    for index, method in enumerate(frame["method"].drop_duplicates()):
        rows = frame[frame["method"] == method]
        # one of the two solvers of the same program would hide the other
        line = "--" if method == "sdp_scs" else "-"
        draw_medians(left, rows, "n", "seconds_each", index, name_of(method), linestyle=line)
        drawn = rows.assign(gap=rows["gap"].clip(lower=FLOOR))
        draw_medians(right, drawn, "n", "gap", index, linestyle=line)
    for axes in (left, right):
        label_sizes(axes, np.sort(frame["n"].unique()))
    left.set_yscale("log")
    left.yaxis.set_major_formatter("{x:g}")
    left.set_ylabel("CPU seconds")
    right.set_yscale("log")
    right.set_ylabel(f"relative gap (drawn at {scientific(FLOOR)} if less)")
    name_panels((left, right), ("time", "what is left"))
    legend_above(figure, left.get_legend_handles_labels()[0], columns=3)
    annotate(figure, _title(frame), _caption(frame))
    return figure


FIGURES = {"": draw}


def name_of(method: object) -> str:
    """Return the name of a method with what it gives; a training of the user's own is its name."""
    return NAMES.get(str(method), str(method))


def with_gaps(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of methods that were there, with their gaps and seconds for each answer.

    ``gap`` is relative: of a bracket from below to above, of a bound from it to the optimum, of
    trainings from the optimum to the best of them. ``seconds_each`` is what one training that finds
    the optimum takes: all of them together over those that do, infinite where none does.
    """
    frame = summary[summary["cpu_seconds"].notna()]
    above = frame["primal_value"].fillna(frame["optimum"])
    below = frame["dual_value"].fillna(frame["optimum_bound"])
    answers = frame["n_found"].fillna(1.0)
    return frame.assign(
        gap=(above - below) / above,
        seconds_each=np.divide(
            frame["cpu_seconds"], answers, out=np.full(len(frame), np.inf), where=answers > 0.0
        ),
    )


def _title(frame: pd.DataFrame) -> str:
    """Say what became of each method."""
    parts = []
    semidefinite = frame["method"].isin(SDP_SOLVERS)
    for method, rows in frame[~semidefinite].groupby("method", sort=False):
        if method == OURS:
            slowest = rows["cpu_seconds"].max()
            parts.append(
                f"a bracket of {scientific(rows['gap'].max())} takes up to {slowest:.2g} s"
            )
        elif method == SCIP:
            closed = int((rows["gap"] <= 1.001 * CLOSED).sum())
            parts.append(f"SCIP closes {closed} of {len(rows)} instances")
        else:
            found, runs = int(rows["n_found"].sum()), int(rows["n_runs"].sum())
            name = name_of(method).partition(":")[0]
            parts.append(f"{name} finds it, without a proof, in {found} of {runs} runs")
    if semidefinite.any():
        parts.append(f"the published SDP is up to {frame[semidefinite]['gap'].max():.1%} below")
    return f"The optimum at n = {span(frame['n'])}: {'; '.join(parts)}"


def _caption(frame: pd.DataFrame) -> str:
    fractions = frame["beta_fraction"].dropna().unique()
    beta = rf", $\beta={fractions[0]:g}\,\beta_{{\max}}$" if len(fractions) == 1 else ""
    over = frame[frame["method"].isin(SDP_SOLVERS) & (frame["dual_value"] > frame["optimum"])]
    sdp = int(frame["method"].isin(SDP_SOLVERS).sum())
    seeds = span(frame.groupby("n")["seed"].nunique())
    aspect = (frame["n"] / frame["d"]).iloc[0]
    return (
        f"{frame['data'].iloc[0]}, $n/d={aspect:g}${beta}; {seeds} seeds, dots where fewer than "
        "five. Seconds of one thread; of Adam, of all runs over those that end within 0.1% of the "
        "optimum. SCIP is given neurons and signs of our optimum. What a solver says of the SDP is "
        f"not proven: {len(over)} of {sdp} values are above the optimum."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds by size and method."""
    columns = ["cpu_seconds", "seconds_each", "gap", "n_runs", "n_found"]
    return with_gaps(summary).groupby(["n", "d", "method"], sort=False)[columns].median()
