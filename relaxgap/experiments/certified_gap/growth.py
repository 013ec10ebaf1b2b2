r"""What the certified ratios say of growth in n: the statistics of the experiment.

A row is a law of growth fitted to one series: ``aspect`` n/d, ``method`` and ``size_rule`` (its
number of gates or neurons) name it. ``optimum`` says where in its bracket the optimum is taken to
be: ``interval`` is anywhere, so that a ratio is known between two ends, and this is the fit that
the data allow; ``best network`` and ``lower bound`` are what would be found if it were there on
every instance. The other columns are those of `FitRow`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from relaxgap.experiments.certified_gap.ratios import ENDS, over_bracket
from relaxgap.experiments.parts.fitted_laws import GrowthFits
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.growth_table import (
    COLUMNS,
    StoredGrowth,
    fitted_rows,
    growth_from,
)

FITTED_FROM = 10
"""Below, samples of gates hold a good part of all patterns, which forces their ratios towards 1."""
SERIES = ["aspect", "method", "size_rule"]
"""Columns that tell the fitted series apart."""
Optimum = Literal["interval", "best network", "lower bound"]
OPTIMA: tuple[Optimum, ...] = get_args(Optimum)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesGrowth:
    """Hold the growth of one series, if it can be told, for the optimum anywhere or at an end."""

    interval: StoredGrowth | None
    best_network: StoredGrowth | None
    lower_bound: StoredGrowth | None

    def at(self, optimum: Optimum) -> StoredGrowth | None:
        """Return the growth with the optimum taken to be there."""
        return {
            "interval": self.interval,
            "best network": self.best_network,
            "lower bound": self.lower_bound,
        }[optimum]

    @property
    def trend(self) -> dict[str, str]:
        """Say whether the fitted square root rises, falls or is level, if the ends agree."""
        if self.best_network is None or self.lower_bound is None:
            return {}
        low, high = _trend(self.best_network.fits), _trend(self.lower_bound.fits)
        return {"trend": low if low == high else f"ends disagree: {low}, {high}"}


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Fit the laws to every series, to the intervals and at both ends."""
    ratios = over_bracket(summary)
    rows = [row for _, series in ratios.groupby(SERIES, sort=False) for row in _rows(series)]
    return pd.DataFrame(rows, columns=[*SERIES, "optimum", *COLUMNS])


def _rows(series: pd.DataFrame) -> Iterator[dict[str, object]]:
    fitted = series[series["n"] >= FITTED_FROM]
    sizes = fitted["n"].to_numpy()
    low, high = (fitted[end].to_numpy(dtype=np.float64) for end in ENDS)
    last = sizes == sizes.max(initial=0)
    width = float(np.median(np.log(high[last] / low[last]))) if len(sizes) else 0.0
    names = {name: series[name].iloc[0] for name in SERIES}
    for optimum, ends in zip(OPTIMA, ((low, high), (low, low), (high, high)), strict=True):
        yield from fitted_rows(names | {"optimum": optimum}, sizes, *ends, width)


def growth_of(series: pd.DataFrame, statistics: pd.DataFrame) -> SeriesGrowth:
    """Return what the statistics say of one series of `over_bracket`."""
    first = series.iloc[0]
    rules = statistics["size_rule"].astype(object).fillna("")
    chosen = statistics[
        (statistics["aspect"] == first["aspect"])
        & (statistics["method"] == first["method"])
        & (rules == first["size_rule"])
    ]
    found = (chosen[chosen["optimum"] == optimum] for optimum in OPTIMA)
    return SeriesGrowth(*(growth_from(rows.to_dict("records")) for rows in found))


def growth_columns(growth: StoredGrowth | None) -> dict[str, float | str]:
    """Return AICc weights, the limit, the slope of the root, what is allowed and would decide."""
    if growth is None:
        return {}
    fits = growth.fits
    low, high = fits.fit(Growth.SQRT_LOG).slope_interval
    weights: dict[str, float | str] = {
        f"weight {fit.growth}": round(fit.weight, 3) for fit in fits.fits
    }
    near = fits.best_with(limit=True)
    least, most = near.intercept_interval
    return weights | {
        "weight bounded": round(fits.bounded_weight, 3),
        "limit": round(near.intercept, 3),
        "limit low": round(least, 3),
        "limit high": round(most, 3),
        "b sqrt": round(fits.fit(Growth.SQRT_LOG).slope, 4),
        "b low": round(low, 4),
        "b high": round(high, 4),
        "allowed": " or ".join(fits.supported()),
        "decided at": "none" if growth.deciding_n is None else str(growth.deciding_n),
    }


def _trend(fits: GrowthFits) -> str:
    low, high = fits.fit(Growth.SQRT_LOG).slope_interval
    if low > 0.0:
        return "rises"
    return "falls" if high < 0.0 else "level"
