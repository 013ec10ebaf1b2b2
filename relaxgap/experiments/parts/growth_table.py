"""Fits of laws of growth as rows of ``statistics.csv``, and back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

from relaxgap.experiments.parts.fitted_laws import GrowthFit, GrowthFits
from relaxgap.experiments.parts.growth_decision import deciding_size
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.growth_models import compare_growth, is_comparable

N_RESAMPLES = 500
"""Of the seeds, for every interval that is stored."""


@dataclass(frozen=True, slots=True)
class FitRow:
    """Hold one law of growth fitted to one series: columns behind those that name the series.

    Parameters
    ----------
    growth : str
        Law, by what b multiplies: ``constant`` (a), ``sqrt(log n)``, ``log n``, ``-1/sqrt(n)``,
        ``-1/log n``, ``-1/n^g``; ``n^g`` is the power a n^b.
    intercept, slope : float
        a and b, in units of the ratio; a is the limit of the laws that have one.
    exponent : float
        g of ``-1/n^g``, 1 for the others.
    slope_low, slope_high, intercept_low, intercept_high : float
        95% bootstrap intervals of b and a, over seeds within each n.
    spread : float
        Standard deviation of the log ratios around the law.
    aicc, weight : float
        Akaike's criterion with the small-sample correction, and the weight among the laws.
    deciding_n : int or None
        Of the series: the n that tells the best law with a limit from the best without, with the
        seeds and brackets of the largest n; missing if none up to a million does.
    """

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
    deciding_n: int | None


COLUMNS = tuple(field.name for field in fields(FitRow))


@dataclass(frozen=True, slots=True, eq=False)
class StoredGrowth:
    """Hold what the statistics say of a series: its fits, and the n that would decide."""

    fits: GrowthFits
    deciding_n: int | None


def fitted_rows(
    names: Mapping[str, object],
    sizes: Shaped[np.ndarray, " m"],
    low: Float64[np.ndarray, " m"],
    high: Float64[np.ndarray, " m"],
    width: float,
) -> list[dict[str, object]]:
    """Fit the laws to ratios between ``low`` and ``high``: rows of the names and of `FitRow`.

    No rows if the ratios are too few or one of them is infinite. Resampling starts from a seed
    of its own, so that the intervals are the same each time.

    Parameters
    ----------
    names : mapping
        What tells the series apart.
    sizes, low, high : (m,)
        n of each ratio and its ends.
    width : float
        Logarithm of the upper over the lower end of a ratio to be measured at a larger n.
    """
    if not is_comparable(sizes) or not (np.isfinite(low) & np.isfinite(high)).all():
        return []
    rng = np.random.default_rng(0)
    fits = compare_growth(sizes, low, rng, N_RESAMPLES, upper=high)
    largest = int(np.max(sizes))
    decided = deciding_size(fits, largest, int(np.sum(sizes == largest)), width)
    return [{**names, **asdict(_row(fit, decided))} for fit in fits.fits]


def _row(fit: GrowthFit, decided: int | None) -> FitRow:
    return FitRow(
        growth=str(fit.growth),
        intercept=fit.intercept,
        slope=fit.slope,
        exponent=fit.exponent,
        slope_low=fit.slope_interval[0],
        slope_high=fit.slope_interval[1],
        intercept_low=fit.intercept_interval[0],
        intercept_high=fit.intercept_interval[1],
        spread=fit.spread,
        aicc=fit.aicc,
        weight=fit.weight,
        deciding_n=decided,
    )


def growth_from(rows: Sequence[Mapping[Any, Any]]) -> StoredGrowth | None:
    """Return the fits that rows of one series hold, None if there are none."""
    if not rows:
        return None
    decided = rows[0]["deciding_n"]
    fits = GrowthFits(tuple(_fit(row) for row in rows))
    # None as computed, NaN as read
    return StoredGrowth(fits, int(decided) if decided and math.isfinite(decided) else None)


def _fit(row: Mapping[Any, Any]) -> GrowthFit:
    return GrowthFit(
        growth=Growth(row["growth"]),
        intercept=float(row["intercept"]),
        slope=float(row["slope"]),
        exponent=float(row["exponent"]),
        slope_interval=(float(row["slope_low"]), float(row["slope_high"])),
        intercept_interval=(float(row["intercept_low"]), float(row["intercept_high"])),
        spread=float(row["spread"]),
        aicc=float(row["aicc"]),
        weight=float(row["weight"]),
    )
