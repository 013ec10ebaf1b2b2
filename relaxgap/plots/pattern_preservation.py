"""The paper's Figure 2: kept activations against steps, one panel for each protocol and data."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relaxgap.plots.ratios import LABELS
from relaxgap.plots.style import COLOURS, MARKERS, caption, new_figure, quartiles

MEASURES = {
    "bits_kept": ("activations kept", "certified_bits_kept"),
    "neurons_kept": ("whole patterns kept", "certified_neurons_kept"),
}
PROTOCOLS = {
    "L": "protocol L: first layer, no weight decay",
    "P": "protocol P: both layers, weight decay",
}


def draw(summary: pd.DataFrame) -> Figure:
    """Draw kept fractions of one method for every width, bounds dashed in the same colour.

    Full-batch GD, the lemma's method, unless the summary has none.
    """
    methods = list(summary["method"])
    method = "gd" if "gd" in methods else methods[0]
    name = "Full-batch gradient descent" if method == "gd" else LABELS.get(method, method)
    frame = summary[summary["method"] == method]
    cases = [
        (protocol, data)
        for protocol in PROTOCOLS
        for data in frame["data"].drop_duplicates()
        if len(frame[(frame["protocol"] == protocol) & (frame["data"] == data)])
    ]
    figure = new_figure(3.1 * len(cases) + 0.4, 5.6)
    grid = figure.subplots(2, len(cases), squeeze=False, sharey=True)
    for row, (measure, (title, certified)) in enumerate(MEASURES.items()):
        for column, (protocol, data) in enumerate(cases):
            axes = grid[row][column]
            rows = frame[(frame["protocol"] == protocol) & (frame["data"] == data)]
            _panel(axes, rows, measure, certified)
            if row == 0:
                axes.set_title(f"{PROTOCOLS[protocol]}\n{data}", fontsize=8.5)
            else:
                axes.set_xlabel("step")
            if column == 0:
                axes.set_ylabel(f"fraction of {title}")
    handles, labels = grid[0][0].get_legend_handles_labels()
    bound = Line2D([], [], color="#444444", linestyle="--", linewidth=1.1)
    figure.legend(
        [*handles, bound],
        [*labels, r"coupling bound: surely kept, $|x_i^\top w_j(0)| > \tau_j\,|x_i|$"],
        loc="outside upper center",
        ncols=len(labels) + 1,
    )
    runs = frame.groupby(["data", "protocol", "width"])[["seed", "start"]].apply(
        lambda group: len(group.drop_duplicates())
    )
    sizes = frame.groupby("data")[["n", "d"]].first()
    shapes = "; ".join(f"{name}: $n={row.n}$, $d={row.d}$" for name, row in sizes.iterrows())
    caption(
        figure,
        f"{shapes}. {name}; median and quartiles over {runs.min()} runs.",
        r"$\tau_j$: distance neuron $j$ moved from its initial weights $w_j(0)$.",
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, measure: str, certified: str) -> None:
    for index, width in enumerate(np.sort(rows["width"].unique())):
        of_width = rows[rows["width"] == width]
        bands = quartiles(of_width, "step", measure)
        steps, colour = bands.index.to_numpy(dtype=float), COLOURS[index % len(COLOURS)]
        axes.plot(
            steps,
            bands[0.5],
            color=colour,
            marker=MARKERS[index % len(MARKERS)],
            markersize=3.5,
            label=f"$m={width}$",
        )
        axes.fill_between(steps, bands[0.25], bands[0.75], color=colour, alpha=0.18, linewidth=0)
        bound = of_width.groupby("step")[certified].median()
        axes.plot(
            steps,
            bound,
            "--",
            color=colour,
            linewidth=1.1,
        )
    axes.set_xscale("symlog", linthresh=1)
    axes.set_ylim(-0.02, 1.02)


def table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return what the last logged step kept, by protocol, data, method and width."""
    last = summary[
        summary["step"] == summary.groupby(["method", "protocol"])["step"].transform("max")
    ]
    last = last.assign(method=last["method"].map(LABELS.get).fillna(last["method"]))
    columns = ["loss", "bits_kept", "neurons_kept", "patterns_kept", "certified_bits_kept"]
    return last.groupby(["protocol", "data", "method", "width"])[columns].median()
