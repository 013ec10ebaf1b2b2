r"""Whether the link with the logarithm grows in n: the statistics of the experiment.

A row is a law of growth fitted to :math:`\tilde p^*/\tilde p_g` with the gates and the strength
of `links.MAIN`, each known between its certified ends, at the sizes from ``from_n`` on: from every
size, and from that on where few gates no longer hold a good part of all patterns. ``data`` and
``c`` = n/d name the series; the other columns are those of `FitRow`.
"""

import numpy as np
import pandas as pd

from relaxgap.experiments.gap_chain.links import varied, with_links
from relaxgap.experiments.parts.growth_table import (
    COLUMNS,
    StoredGrowth,
    fitted_rows,
    growth_from,
)

FIRST_SIZES = (10, 20)
SERIES = ["data", "c"]


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Fit the laws to the link by labels and aspect ratio, from each of `FIRST_SIZES` on."""
    rows = []
    for _, series in varied(with_links(summary), "labels", "c").groupby(SERIES):
        width = np.log(series["split"] / series["least_split"])
        last = float(width[series["n"] == series["n"].max()].median())
        for first in FIRST_SIZES:
            fitted = series[series["n"] >= first]
            names = {name: series[name].iloc[0] for name in SERIES} | {"from_n": first}
            ends = fitted["least_split"].to_numpy(), fitted["split"].to_numpy()
            rows += fitted_rows(names, fitted["n"].to_numpy(), *ends, last)
    return pd.DataFrame(rows, columns=[*SERIES, "from_n", *COLUMNS])


def growth_of(statistics: pd.DataFrame, data: str, c: float, first: int) -> StoredGrowth | None:
    """Return what the statistics say of one series from one size on."""
    chosen = (statistics["data"] == data) & (statistics["c"] == c)
    rows = statistics[chosen & (statistics["from_n"] == first)]
    return growth_from(rows.to_dict("records"))
