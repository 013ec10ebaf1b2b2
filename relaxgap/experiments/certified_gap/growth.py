r"""What the certified ratios say of growth in n: the statistics of the experiment."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from relaxgap.experiments.certified_gap.ratios import ENDS, End, over_bracket
from relaxgap.experiments.parts.growth_fits import GROWTHS, Growth
from relaxgap.experiments.parts.growth_models import (
    GrowthFit,
    GrowthFits,
    compare_growth,
    is_comparable,
)

FITTED_FROM = 10
"""Below, samples of gates hold a good part of all patterns, which forces their ratios towards 1."""
SERIES = ["aspect", "method", "size_rule"]
"""Columns that tell the fitted series apart."""


@dataclass(frozen=True, slots=True)
class GrowthRow:
    """Hold one model of growth fitted to one series at one end: a row of ``statistics.csv``.

    Parameters
    ----------
    aspect : float
        Aspect ratio n/d of the series.
    method, size_rule : str
        Method of the series and rule of its number of gates or neurons.
    end : str
        What is taken for the optimum: ``best network`` or ``lower bound``.
    growth : str
        Model, by what b multiplies: ``constant`` (a), ``sqrt(log n)``, ``log n``, ``-1/sqrt(n)``,
        ``-1/log n``, ``-1/n^g``; ``n^g`` is the power a n^b.
    intercept, slope : float
        a and b, in units of the ratio; a is the limit of the models that have one.
    exponent : float
        g of ``-1/n^g``, 1 for the others.
    slope_low, slope_high, intercept_low, intercept_high : float
        95% bootstrap intervals of b and a, over seeds within each n.
    spread : float
        Standard deviation of the log ratios around the model.
    aicc, weight : float
        Akaike's criterion with the small-sample correction, and the weight among the models.
    """

    aspect: float
    method: str
    size_rule: str
    end: str
    growth: str
    intercept: float
    slope: float
    exponent: float
    slope_low: float
    slope_high: float
    intercept_low: float
    intercept_high: float
    spread: float
    aicc: float
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class SeriesGrowth:
    """Hold the growth of one series at either end of its certified intervals, if it can be told."""

    best_network: GrowthFits | None
    lower_bound: GrowthFits | None

    def at(self, end: End) -> GrowthFits | None:
        """Return the fits with the optimum taken from ``end``."""
        return self.best_network if end == "best network" else self.lower_bound

    @property
    def trend(self) -> dict[str, str]:
        """Say whether the fitted square root rises, falls or is level, if the ends agree."""
        if self.best_network is None or self.lower_bound is None:
            return {}
        low, high = _trend(self.best_network), _trend(self.lower_bound)
        return {"trend": low if low == high else f"ends disagree: {low}, {high}"}


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Fit the models to every series, at both ends: rows of `GrowthRow`."""
    columns = list(GrowthRow.__dataclass_fields__)
    rows = [asdict(row) for row in _rows(over_bracket(summary))]
    return pd.DataFrame(rows, columns=columns)


def _rows(ratios: pd.DataFrame) -> Iterator[GrowthRow]:
    for _, series in ratios.groupby(SERIES, sort=False):
        first = series.iloc[0]
        for end in ENDS:
            fits = fits_of(series, end)
            for fit in fits.fits if fits else ():
                low, high = fit.slope_interval
                least, most = fit.intercept_interval
                yield GrowthRow(
                    aspect=float(first["aspect"]),
                    method=str(first["method"]),
                    size_rule=str(first["size_rule"]),
                    end=end,
                    growth=str(fit.growth),
                    intercept=fit.intercept,
                    slope=fit.slope,
                    exponent=fit.exponent,
                    slope_low=low,
                    slope_high=high,
                    intercept_low=least,
                    intercept_high=most,
                    spread=fit.spread,
                    aicc=fit.aicc,
                    weight=fit.weight,
                )


def fits_of(series: pd.DataFrame, end: End) -> GrowthFits | None:
    """Fit the models to one series of `over_bracket`, at the sizes from `FITTED_FROM` on.

    None if too few ratios are left, or one of them is infinite. Resampling starts from a seed of
    its own, so that the intervals are the same each time.
    """
    fitted = series[series["n"] >= FITTED_FROM]
    sizes = fitted["n"].to_numpy()
    ratios = fitted[end].to_numpy(dtype=np.float64)
    if not is_comparable(sizes) or not np.isfinite(ratios).all():
        return None
    return compare_growth(sizes, ratios, np.random.default_rng(0))


def growth_of(series: pd.DataFrame, statistics: pd.DataFrame) -> SeriesGrowth:
    """Return what the statistics say of one series of `over_bracket`."""
    first = series.iloc[0]
    rules = statistics["size_rule"].astype(object).fillna("")
    chosen = statistics[
        (statistics["aspect"] == first["aspect"])
        & (statistics["method"] == first["method"])
        & (rules == first["size_rule"])
    ]
    return SeriesGrowth(*(_fits(chosen[chosen["end"] == end]) for end in ENDS))


def _fits(rows: pd.DataFrame) -> GrowthFits | None:
    if rows.empty:
        return None
    return GrowthFits(
        tuple(_fit(growth, rows[rows["growth"] == growth].iloc[0]) for growth in GROWTHS)
    )


def _fit(growth: Growth, row: pd.Series) -> GrowthFit:
    return GrowthFit(
        growth=growth,
        intercept=float(row["intercept"]),
        slope=float(row["slope"]),
        exponent=float(row["exponent"]),
        slope_interval=(float(row["slope_low"]), float(row["slope_high"])),
        intercept_interval=(float(row["intercept_low"]), float(row["intercept_high"])),
        spread=float(row["spread"]),
        aicc=float(row["aicc"]),
        weight=float(row["weight"]),
    )


def growth_columns(fits: GrowthFits | None) -> dict[str, float | str]:
    """Return AICc weights, a limit, the slope of the root, and what is allowed."""
    if fits is None:
        return {}
    root = fits.fit(Growth.SQRT_LOG)
    low, high = root.slope_interval
    weights: dict[str, float | str] = {
        f"weight {fit.growth}": round(fit.weight, 3) for fit in fits.fits
    }
    near = fits.fit(Growth.SATURATING_SQRT)
    least, most = near.intercept_interval
    return weights | {
        "weight bounded": round(fits.bounded_weight, 3),
        "limit": round(near.intercept, 3),
        "limit low": round(least, 3),
        "limit high": round(most, 3),
        "b sqrt": round(root.slope, 4),
        "b low": round(low, 4),
        "b high": round(high, 4),
        "allowed": " or ".join(fits.supported()),
    }


def _trend(fits: GrowthFits) -> str:
    low, high = fits.fit(Growth.SQRT_LOG).slope_interval
    if low > 0.0:
        return "rises"
    return "falls" if high < 0.0 else "level"
