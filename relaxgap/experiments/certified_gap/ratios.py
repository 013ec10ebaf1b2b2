r"""Certified intervals of ratios over the global optimum, from the absolute values of a summary.

The optimum lies between a proven bound and the best network anybody found, so the ratio of a method
lies between its value over that network's and its value over the bound.
"""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from relaxgap.drawing.numbers import span
from relaxgap.drawing.strengths import of_main_strength
from relaxgap.errors import DataError

ASPECTS = (1.0, 2.0, 4.0)
CONTRADICTION_RTOL = 1e-9

End = Literal["best network", "lower bound"]
ENDS: tuple[End, ...] = get_args(End)
"""What is taken for the optimum: the low and the high end of the interval of a ratio."""


def aspect_of(n: int, d: int) -> float:
    """Return the aspect ratio c with ``d = max(1, round(n / c))``, or n/d for one not listed.

    Rounding makes n/d differ from c at small sizes: n = 10 at c = 4 has d = 2.
    """
    return next((c for c in ASPECTS if d == max(1, round(n / c))), round(n / d, 2))


def over_bracket(summary: pd.DataFrame, every_strength: bool = False) -> pd.DataFrame:
    """Return one row for each method and instance with the certified interval of its ratio.

    Parameters
    ----------
    summary : DataFrame
        Rows of `Record`.
    every_strength : bool
        Whether to keep the instances of other strengths than the one that most have.

    Returns
    -------
    DataFrame
        Columns ``cell, data, n, d, aspect, seed, beta_fraction, method, size_rule``, the ends
        ``best network`` and ``lower bound`` (infinite if the bound proves nothing; medians over
        the random starts) and the number of ``starts`` (0 for a relaxation).

    Raises
    ------
    DataError
        If there is nothing to compare, a cell has no bracket, or a network is below the bound.
    """
    frame = with_brackets(summary, every_strength)
    others = frame[frame["method"] != "global"]
    if others.empty:
        raise DataError(
            "Expected relaxations or trained networks to compare with the optimum, got neither; "
            "set patterns.n_gates or training."
        )
    bound = others["bound"].to_numpy()
    ratios = others.assign(
        **{
            "best network": others["primal_value"] / others["best_known"],
            "lower bound": np.divide(
                others["primal_value"], bound, out=np.full(len(others), np.inf), where=bound > 0.0
            ),
        }
    )
    keys = ["cell", "data", "n", "d", "aspect", "seed", "beta_fraction", "method", "size_rule"]
    grouped = ratios.groupby(keys, sort=False, dropna=False)
    return grouped.agg(
        **{end: (end, "median") for end in ENDS}, starts=("start", "count")
    ).reset_index()


def with_brackets(summary: pd.DataFrame, every_strength: bool = False) -> pd.DataFrame:
    """Return the rows with their ``cell``, ``aspect``, and the ``bound`` and ``best_known`` of it.

    ``best_known`` is the least value of all networks of the cell, whichever method found it. Of
    several strengths the rows are those of the one that most have, unless all are asked for.
    """
    summary = summary if every_strength else of_main_strength(summary)
    frame = summary.assign(
        size_rule=summary["size_rule"].astype(object).fillna("").astype(str),
        # a cell starts with its global row: no set of columns tells instances apart on every grid
        cell=(summary["method"] == "global").cumsum(),
        aspect=[aspect_of(int(n), int(d)) for n, d in zip(summary["n"], summary["d"], strict=True)],
    )
    if frame.empty or frame["cell"].min() == 0:
        raise DataError(
            "Expected every cell to start with a row of method global, got "
            f"{summary['method'].iloc[0] if len(summary) else 'no rows'}; run it again."
        )
    bounds = frame[frame["method"] == "global"].set_index("cell")["dual_value"]
    frame["bound"] = frame["cell"].map(bounds).fillna(0.0)
    frame["best_known"] = frame.groupby("cell")["primal_value"].transform("min")
    wrong = frame[frame["bound"] > frame["best_known"] * (1.0 + CONTRADICTION_RTOL)]
    if len(wrong):
        row = wrong.iloc[0]
        raise DataError(
            f"Expected no network below the certified bound, got {row['best_known']} below "
            f"{row['bound']} at n={row['n']}, seed {row['seed']}; the certificate is wrong."
        )
    return frame


def seeds_caption(frame: pd.DataFrame) -> str:
    """Say how many seeds each size has: ``20 (n = 4 to 16), 5 (n = 20 to 60)``."""
    counts = frame.groupby("n")["seed"].nunique()
    parts = []
    for _, run in counts.groupby((counts != counts.shift()).cumsum()):
        parts.append(f"{run.iloc[0]} ($n$ = {span(run.index)})")
    return ", ".join(parts)
