"""The paper's Figure 2: kept activations against steps, a row for each protocol and measure."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_band, marker_of, quartiles
from relaxgap.drawing.methods import method_name, method_names, method_order
from relaxgap.drawing.preserved_runs import DIVERGED, INSTANCE, RUN
from relaxgap.drawing.style import caption, new_figure

MEASURES = {
    "bits_kept": ("activations kept", "certified_bits_kept"),
    "neurons_kept": ("whole patterns kept", "certified_neurons_kept"),
}
PROTOCOLS = {
    "L": "protocol L: first layer only, no weight decay",
    "P": "protocol P: both layers, weight decay",
}


def draw(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw kept fractions of one method for every width, bounds dashed in the same colour.

    Full-batch GD, the lemma's method, unless the summary has none. A run that stopped is carried
    on to the last step; diverged runs are in no line, and counted in the caption.
    """
    method = min(summary["method"], key=method_order)
    of_method = summary[summary["method"] == method]
    frame = of_method[of_method["status"] != DIVERGED]
    cases = list(of_method.groupby(INSTANCE, sort=False).groups)
    rows = [
        (protocol, measure)
        for protocol in PROTOCOLS
        if (of_method["protocol"] == protocol).any()
        for measure in MEASURES
    ]
    widths = np.sort(frame["width"].unique())
    figure = new_figure(max(8.6, 3.1 * len(cases) + 0.4), 2.25 * len(rows) + 1.0)
    grid = figure.subplots(len(rows), len(cases), squeeze=False, sharey="row")
    for line, (protocol, measure) in zip(grid, rows, strict=True):
        name, certified = MEASURES[measure]
        drawn = []
        for axes, case in zip(line, cases, strict=True):
            of_case = (frame[INSTANCE] == list(case)).all(axis=1) & (frame["protocol"] == protocol)
            if not of_case.any():
                axes.remove()
                continue
            drawn.append(axes)
            _panel(axes, frame[of_case], widths, measure, certified)
            if measure == next(iter(MEASURES)):
                data, n, d = case
                axes.set_title(f"{data}, $n={n}$, $d={d}$\n{PROTOCOLS[protocol]}", fontsize=8.5)
            elif protocol == rows[-1][0]:
                axes.set_xlabel("step")
        for axes in drawn[:1]:
            axes.set_ylabel(f"{name}\n(fraction)", fontsize=9)
            axes.set_ylim(max(axes.get_ylim()[0], -0.02), 1.02)
    legend_above(figure, _handles(widths), columns=5)
    caption(figure, *_caption_lines(of_method, method_name(method)))
    return figure


def _handles(widths: np.ndarray) -> list[Line2D]:
    lines = [
        Line2D(
            [], [], color=colour_of(k), marker=marker_of(k), markersize=3.5, label=f"$m={width}$"
        )
        for k, width in enumerate(widths)
    ]
    label = r"sure bound: kept where $|x_i^\top w_j(0)| > \tau_j\,|x_i|$"
    return [*lines, Line2D([], [], color="#444444", linestyle="--", linewidth=1.1, label=label)]


def _caption_lines(rows: pd.DataFrame, name: str) -> tuple[str, str]:
    runs = rows.drop_duplicates(RUN)
    counts = runs.groupby([*INSTANCE, "protocol", "width"]).size()
    span = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()}-{counts.max()}"
    diverged = int((runs["status"] == DIVERGED).sum())
    stopped = runs[runs["protocol"] == "L"]["n_steps"]
    first = (
        f"{name}; median and quartiles over {span} runs a line; {diverged} of {len(runs)} runs "
        "diverged and are left out."
    )
    second = r"$\tau_j$: distance neuron $j$ moved from its initial weights $w_j(0)$."
    if len(stopped):
        second += (
            f" Runs of protocol L stop at a loss target, after {stopped.median():.0f} steps in the "
            "median, and are carried on."
        )
    return first, second


def _panel(
    axes: Axes, rows: pd.DataFrame, widths: np.ndarray, measure: str, certified: str
) -> None:
    for index, width in enumerate(widths):
        of_width = rows[rows["width"] == width]
        draw_band(axes, quartiles(of_width, "step", measure), index, markersize=3.5)
        bound = of_width.groupby("step")[certified].median()
        axes.plot(bound.index, bound, "--", color=colour_of(index), linewidth=1.1)
    axes.set_xscale("symlog", linthresh=1)


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return what the last logged step kept, by protocol, data, method and width."""
    last = summary[summary["step"] == summary.groupby(RUN)["step"].transform("max")]
    last = last.assign(method=method_names(last["method"]))
    key = ["protocol", "data", "method", "width"]
    columns = ["loss", "bits_kept", "neurons_kept", "patterns_kept", "certified_bits_kept"]
    kept = last[last["status"] != DIVERGED]
    counts = last.groupby(key).agg(
        runs=("status", "size"),
        diverged=("status", lambda status: int((status == DIVERGED).sum())),
    )
    return counts.join(kept.groupby(key)[[*columns, "n_steps"]].median())
