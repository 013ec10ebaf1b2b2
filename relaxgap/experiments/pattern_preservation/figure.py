"""The paper's Figure 2: what is kept of the initial patterns against steps, by protocol and data.

A run is drawn as far as it went: a line is the median while all its runs train, and ends at the
median of where they stopped.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import colour_of, draw_medians, marker_of
from relaxgap.drawing.methods import method_name, method_names, method_order
from relaxgap.drawing.preserved_runs import DIVERGED, INSTANCE, RUN, span_text
from relaxgap.drawing.style import new_figure

MEASURES = {
    "bits_kept": ("activations", "certified_bits_kept"),
    "neurons_kept": ("whole patterns", "certified_neurons_kept"),
}
PROTOCOLS = {"L": "first layer, no decay", "P": "both layers, decay"}
SURE = r"sure bound: kept where $|x_i^\top w_j(0)| > \tau_j\,|x_i|$"


def draw_activations(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the fraction of activations kept; a row for each protocol, a column for data."""
    return _draw(summary, "bits_kept")


def draw_patterns(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the fraction of neurons that kept their whole pattern, in the same panels."""
    return _draw(summary, "neurons_kept")


FIGURES = {"": draw_activations, "patterns": draw_patterns}


def _draw(summary: pd.DataFrame, measure: str) -> Figure:
    """Draw full-batch GD, the lemma's method, or the first method there is; none that diverged."""
    method = min(summary["method"], key=method_order)
    of_method = summary[summary["method"] == method]
    frame = of_method[of_method["status"] != DIVERGED]
    cases = list(of_method.groupby(INSTANCE, sort=False).groups)
    protocols = [name for name in PROTOCOLS if (of_method["protocol"] == name).any()]
    widths = np.sort(frame["width"].unique())
    figure = new_figure(1.6 * len(protocols) + 1.2)
    grid = figure.subplots(len(protocols), len(cases), squeeze=False, sharey=True)
    panels, titles = [], []
    for line, protocol in zip(grid, protocols, strict=True):
        for axes, case in zip(line, cases, strict=True):
            of_case = (frame[INSTANCE] == list(case)).all(axis=1) & (frame["protocol"] == protocol)
            if not of_case.any():
                axes.remove()
                continue
            _panel(axes, frame[of_case], widths, measure)
            panels.append(axes)
            titles.append(f"{case[0]}\n{protocol}: {PROTOCOLS[protocol]}")
    for axes in panels:
        axes.set_ylim(-0.03, 1.03)
        below = axes.get_subplotspec()
        if below is not None and below.is_last_row():
            axes.set_xlabel("step")
        if below is not None and below.is_first_col():
            axes.set_ylabel("fraction kept")
    name_panels(panels, titles)
    legend_above(figure, _handles(widths), columns=5)
    name = f"{MEASURES[measure][0]}, {method_name(method)}"
    annotate(figure, _title(frame, measure, name), *_caption(of_method))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, widths: np.ndarray, measure: str) -> None:
    _, certified = MEASURES[measure]
    for index, width in enumerate(widths):
        of_width = rows[rows["width"] == width]
        if of_width.empty:
            continue
        shown = _as_far_as_trained(of_width, [measure, certified])
        draw_medians(axes, shown, "step", measure, index, markersize=3)
        bound = shown.groupby("step")[certified].median()
        axes.plot(bound.index, bound, "--", color=colour_of(index), linewidth=0.9)
    axes.set_xscale("symlog", linthresh=1)


def _as_far_as_trained(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the logged steps that all runs reached, and each run's end at the median of all."""
    together = rows[rows["step"] <= rows["n_steps"].min()]
    ends = rows[rows["step"] == rows["step"].max()]
    ends = ends.assign(step=ends["n_steps"].median())
    before = together[together["step"] < ends["step"].iloc[0]]
    shown: pd.DataFrame = pd.concat([before, ends])[["step", *columns]]
    return shown


def _title(frame: pd.DataFrame, measure: str, name: str) -> str:
    """Say what is left at the end, the range of the medians of each protocol."""
    ends = frame[frame["step"] == frame.groupby(RUN)["step"].transform("max")]
    groups = ends.groupby(["protocol", *INSTANCE, "width"])[measure]
    medians = 100.0 * groups.median()
    parts = [
        f"{span_text(medians[protocol])}% (protocol {protocol})"
        for protocol in PROTOCOLS
        if protocol in medians.index.get_level_values("protocol")
    ]
    return f"Kept at the end of training ({name}): " + ", ".join(parts)


def _handles(widths: np.ndarray) -> list[Line2D]:
    lines = [
        Line2D([], [], color=colour_of(k), marker=marker_of(k), markersize=3, label=f"$m={width}$")
        for k, width in enumerate(widths)
    ]
    sure = Line2D([], [], color="#444444", linestyle="--", linewidth=0.9, label=SURE)
    return [*lines, sure]


def _caption(rows: pd.DataFrame) -> tuple[str, str]:
    runs = rows.drop_duplicates(RUN)
    counts = runs.groupby([*INSTANCE, "protocol", "width"]).size()
    span = (
        f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    )
    diverged = int((runs["status"] == DIVERGED).sum())
    shapes = runs.drop_duplicates(INSTANCE)
    sizes = "; ".join(f"$n={n}$, $d={d}$" for _, n, d in shapes[INSTANCE].itertuples(index=False))
    return (
        f"Medians over {span} runs a line, with quartiles from five runs on; a line ends where its "
        f"runs stop in the median; {diverged} of {len(runs)} runs diverged and are left out.",
        rf"From left to right {sizes}. $\tau_j$: how far neuron $j$ moved from $w_j(0)$.",
    )


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
