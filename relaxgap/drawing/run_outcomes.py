"""How training runs ended, and what tells them apart: what figures of runs have in common."""

import numpy as np
import pandas as pd

from relaxgap.drawing.methods import method_names
from relaxgap.drawing.numbers import scientific
from relaxgap.errors import DataError

RUN_KEYS = [
    "data",
    "n",
    "d",
    "seed",
    "beta",
    "method",
    "width",
    "init_scale",
    "step_factor",
    "learning_rate",
    "start",
]
"""Columns that tell the runs of a summary apart."""
UNCONVERGED = 1e-2
"""A run that stopped with a larger Clarke residual is not at a stationary point."""


def diverged(frame: pd.DataFrame) -> pd.Series:
    """Mark the rows of runs that diverged; their loss is infinite."""
    finite = np.isfinite(frame["loss"].to_numpy(dtype=np.float64))
    return pd.Series((frame["status"].to_numpy() == "diverged") | ~finite, index=frame.index)


def refuse_without_end(has_diverged: pd.Series) -> None:
    """Raise `DataError` if every run diverged: there is nothing to draw."""
    if has_diverged.all():
        raise DataError("Expected a run that did not diverge, got none; lower the step size.")


def strengths(frame: pd.DataFrame) -> pd.Series:
    r"""Return beta as it was asked for: absolute, or as a fraction of :math:`\beta_{\max}`."""
    fractions = frame["beta_fraction"].map(lambda part: rf"{part:g}\,\beta_{{\max}}")
    absolute = frame["beta"].map(lambda beta: f"{beta:g}")
    return absolute.where(frame["beta_fraction"].isna(), fractions)


def settings(frame: pd.DataFrame) -> pd.DataFrame:
    """Return, for each setting of the runs, what a legend calls it in every row."""
    return pd.DataFrame(
        {
            "data": frame["data"],
            "width": [f"$m={width}$" for width in frame["width"]],
            "n": [f"$n={n}$" for n in frame["n"]],
            "d": [f"$d={d}$" for d in frame["d"]],
            "beta": [rf"$\beta={strength}$" for strength in strengths(frame)],
            "method": method_names(frame["method"]),
            "init_scale": [f"initial scale {scale:g}" for scale in frame["init_scale"]],
            "learning_rate": [f"step {rate:g}" for rate in frame["learning_rate"]],
        },
        index=frame.index,
    )


def series_labels(frame: pd.DataFrame, always: str, *leave_out: str) -> pd.Series:
    """Name the series of every row by one setting and by all others that vary with it fixed."""
    named = settings(frame).drop(columns=list(leave_out))
    vary = [
        name
        for name in map(str, named)
        if name != always and named.groupby(always)[name].nunique().max() > 1
    ]
    return named[[always, *vary]].agg(", ".join, axis=1)


def shared_settings(frame: pd.DataFrame, *leave_out: str) -> str:
    """Say which settings all runs have in common."""
    named = settings(frame).drop(columns=list(leave_out))
    return ", ".join(str(named[name].iloc[0]) for name in named if named[name].nunique() == 1)


def certified_to(frame: pd.DataFrame) -> str:
    """Say how well the optimum of the worst instance is known."""
    gap = float((1.0 - frame["optimum_bound"] / frame["optimum"]).max())
    return f"$p^*$ certified to {scientific(gap)}"


def count_of(number: int, total: int, what: str) -> str:
    """Write ``2 of 40 runs diverged``, or ``no run diverged``."""
    return f"{number} of {total} runs {what}" if number else f"no run {what}"
