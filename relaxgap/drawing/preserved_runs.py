"""The runs of a preservation summary: their ends, what they changed, and the sweeps they make."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from relaxgap.drawing.methods import method_order
from relaxgap.drawing.style import COLOURS

INSTANCE = ["data", "n", "d"]
RUN = [*INSTANCE, "protocol", "beta", "method", "width", "seed", "init_scale", "learning_rate"]
RUN = [*RUN, "start"]
DIVERGED = "diverged"
MAX_ROWS_OF_AN_END = 3
"""A run logged at its start, its first step and its end alone is there for its end."""


def with_changes(summary: pd.DataFrame) -> pd.DataFrame:
    r"""Return a summary with what each row changed, and what it can have changed at most.

    ``bits_changed`` and ``neurons_changed`` are surely at most ``sure_bits`` and
    ``sure_neurons``; the bounds on their expectations are

    .. math:: \sqrt{2/\pi}\,\tau/\sigma \text{ (bits)}, \qquad
        n\sqrt{2/\pi}\,\tau/\sigma \text{ and } e\,n\,\tau/\sigma \text{ (neurons)}

    with the largest movement :math:`\tau` of a neuron, the last one Li & Liang's.
    """
    movement = summary["max_movement"]
    return summary.assign(
        bits_changed=1.0 - summary["bits_kept"],
        neurons_changed=1.0 - summary["neurons_kept"],
        sure_bits=1.0 - summary["certified_bits_kept"],
        sure_neurons=1.0 - summary["certified_neurons_kept"],
        bits_bound=math.sqrt(2.0 / math.pi) * movement,
        neurons_bound=summary["n"] * math.sqrt(2.0 / math.pi) * movement,
        li_liang_bound=math.e * summary["n"] * movement,
    )


def relative_losses(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows up to the end of each run, with ``loss_ratio`` over the initial loss.

    A run that several parts of a grid repeat is there once for each number of its steps.
    """
    key = [*RUN, "n_steps"]
    rows = summary.drop_duplicates([*key, "step"])
    runs = rows.groupby(key, sort=False)
    initial = rows["loss"].where(rows["step"] == 0).groupby([rows[c] for c in key]).transform("max")
    logged = runs["step"].transform("size")
    ended = rows["step"].where(rows["step"] >= rows["n_steps"])
    end = ended.groupby([rows[column] for column in key]).transform("min")
    rows = rows.assign(
        loss_ratio=rows["loss"] / initial,
        last_logged=runs["step"].transform("max"),
        on_the_way=logged > MAX_ROWS_OF_AN_END,
    )
    # what follows the end repeats it
    return rows[rows["step"] <= end]


def matched_ends(rows: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Return the end of each run of `relative_losses`, and whether it is at the matched loss.

    ``matched`` says that a run stopped before its last step, or at the ``fraction`` of its
    initial loss, and did not diverge. Runs logged on the way count if there are no others.
    """
    ends = rows[rows["step"] >= rows["n_steps"]]
    if not ends["on_the_way"].all():
        ends = ends[~ends["on_the_way"]]
    ends = ends.drop_duplicates(RUN)
    stopped = (ends["n_steps"] < ends["last_logged"]) | (ends["loss_ratio"] <= fraction)
    return ends.assign(matched=stopped & (ends["status"] != DIVERGED))


def widest_sweep(
    frame: pd.DataFrame, over: str, fixed: Sequence[str], least: int = 1
) -> pd.DataFrame | None:
    """Return the rows, equal in the ``fixed`` columns, with the most values of ``over``.

    The first such group of several; None if none has ``least`` values.
    """
    best, count = None, least - 1
    for _, rows in frame.groupby(list(fixed), sort=False):
        if rows[over].nunique() > count:
            best, count = rows, rows[over].nunique()
    return best


def slope_in_width(ends: pd.DataFrame, changed: str) -> tuple[float, float]:
    """Return the mean over seeds of the slope of log ``changed`` in log width, with its error.

    The runs of a seed share their data, so that seeds are independent and widths are not. The
    standard error needs two seeds, a slope two widths and no fraction of zero; NaN otherwise.
    """
    slopes = []
    for _, rows in ends.groupby("seed"):
        means = rows.groupby("width")[changed].mean()
        if len(means) > 1 and (means > 0.0).all():
            widths = np.log(means.index.to_numpy(dtype=float))
            slopes.append(float(np.polyfit(widths, np.log(means), 1)[0]))
    if not slopes:
        return math.nan, math.nan
    error = float(np.std(slopes, ddof=1)) / math.sqrt(len(slopes)) if len(slopes) > 1 else math.nan
    return float(np.mean(slopes)), error


def method_colours(methods: Iterable[str], first: int) -> dict[str, str]:
    """Give each method a colour of the cycle from the ``first`` on, in their usual order."""
    ordered = sorted(set(methods), key=lambda method: (method_order(method), method))
    colours = COLOURS[first:]
    return {method: colours[place % len(colours)] for place, method in enumerate(ordered)}


def span_text(values: pd.Series, digits: int = 2) -> str:
    """Write the range of finite numbers with so many significant digits."""
    least, most = f"{values.min():.{digits}g}", f"{values.max():.{digits}g}"
    return least if least == most else f"{least} to {most}"
