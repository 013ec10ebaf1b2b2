"""The links of the chain as factors, and the series that they are drawn in."""

import numpy as np
import pandas as pd

from relaxgap.drawing.strengths import strengths_of

MAIN = {"labels": "noise", "c": 2.0, "strength": "0.1", "size_rule": "8 log n"}
"""What a series has unless it is named after something else."""
LINKS = {
    "split": r"$\tilde p^*/\tilde p_g$ (Proposition 5)",
    "slack": r"Proposition 3 over $\tilde p_g$",
    "below": "Proposition 3 over Proposition 4: half of (7) or more",
    "direct": r"$\tilde p^*$ over Proposition 4: bounds $\tilde p^*/p^*$",
}


def with_links(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with each link as a factor: upper ends over lower ones.

    Of the first also the lower end, ``least_split``. Beside them stand what a series is told by:
    ``labels``, the aspect ratio ``c``, the ``strength`` as a fraction of beta_max and the
    ``size_rule``. Sizes are left out where d was rounded to an aspect ratio that the largest size
    has not.
    """
    exact = (summary["n"] / summary["d"]).round(9)
    levels = exact[summary["n"] == summary["n"].max()].unique()
    summary = summary[exact.isin(levels)]
    return summary.assign(
        labels=summary["data"].str.rpartition(", ")[2].str.removesuffix(" labels"),
        c=(summary["n"] / summary["d"]).round(2),
        strength=strengths_of(summary),
        split=summary["relu"] / summary["gated_bound"],
        least_split=summary["relu_bound"] / summary["gated"],
        slack=summary["prop3_bound"] / summary["gated_bound"],
        below=summary["prop3_bound"] / summary["prop4_bound"],
        direct=summary["relu"] / summary["prop4_bound"],
    )


def main_of(frame: pd.DataFrame) -> dict[str, object]:
    """Return `MAIN`, with what the first row has in place of what no row has."""
    return {
        column: value if (frame[column] == value).any() else frame[column].iloc[0]
        for column, value in MAIN.items()
    }


def varied(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows that differ from `main_of` in these columns at most."""
    kept = np.ones(len(frame), dtype=np.bool_)
    for column, value in main_of(frame).items():
        if column not in columns:
            kept &= (frame[column] == value).to_numpy()
    return frame[kept]


def growth(frame: pd.DataFrame) -> pd.Series:
    """Return, for each series, the median split of its largest size over that of its least."""
    medians = frame.groupby([*MAIN, "n"])["split"].median()
    ends = medians.groupby(list(MAIN)).agg(["first", "last", "size"])
    ends = ends[ends["size"] > 1]
    return ends["last"] / ends["first"]
