"""The bracket of a global optimum against the seconds it took, for a page of its own."""

import io
import re
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.style import COLOURS, figure_style

LOGARITHMIC_RATIO = 5.0
"""Loss over lower bound from which the values need a logarithmic axis."""
FARTHEST_RATIO = 1e3
"""Loss over the highest upper bound from which a line for it would flatten the bracket."""
EARLIEST_SECONDS = 1e-3
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def bracket_svg(history: pd.DataFrame, network_value: float) -> str:
    """Return the figure as an ``svg`` element to put into HTML, byte-identical when drawn again.

    Parameters
    ----------
    history : DataFrame
        Columns ``seconds``, ``lower_bound`` and ``upper_bound``, at least one row.
    network_value : float
        Training loss of the network in question.
    """
    with figure_style():
        stream = io.StringIO()
        draw(history, network_value).savefig(stream, format="svg", metadata=NO_METADATA)
    text = stream.getvalue()
    # HTML knows the name spaces of the element by itself
    return re.sub(r' xmlns(:xlink)?="[^"]*"', "", text[text.index("<svg") :])


def draw(history: pd.DataFrame, network_value: float) -> Figure:
    """Draw what was known from each moment on: a step holds until the next one."""
    seconds = history["seconds"].clip(lower=EARLIEST_SECONDS)
    lower, upper = history["lower_bound"], history["upper_bound"]
    figure = Figure(figsize=(6.0, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(seconds, lower, upper, step="post", color=COLOURS[0], alpha=0.12, linewidth=0)
    axes.plot(
        seconds,
        upper,
        drawstyle="steps-post",
        color=COLOURS[4],
        marker="o",
        markevery=[-1],
        label="upper bound: best network known",
    )
    axes.plot(
        seconds,
        lower,
        drawstyle="steps-post",
        color=COLOURS[0],
        marker="s",
        markevery=[-1],
        label="lower bound: proven for every network",
    )
    line: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.2}
    if network_value <= FARTHEST_RATIO * upper.max():
        axes.axhline(network_value, label="this network", **line)
    else:
        axes.plot([], [], label=f"this network: {network_value:.2g}, far above", **line)
    if lower.iloc[-1] > 0.0 and network_value > LOGARITHMIC_RATIO * lower.iloc[-1]:
        axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xlim(0.8 * seconds.iloc[0], 1.25 * seconds.iloc[-1])
    axes.set_xlabel("time since the start (s)")
    axes.set_ylabel("training loss")
    legend_above(figure, axes.get_legend_handles_labels()[0], columns=3)
    return figure
