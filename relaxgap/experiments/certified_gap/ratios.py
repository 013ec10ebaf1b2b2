r"""Certified intervals of ratios over the global optimum, from the absolute values of a summary.

The optimum lies between a proven bound and the best network anybody found, so the ratio of a method
lies between its value over that network's and its value over the bound.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from relaxgap.errors import DataError
from relaxgap.experiments.parts.growth_fits import Growth
from relaxgap.experiments.parts.growth_models import GrowthComparison, compare_growth, is_comparable

ASPECTS = (1.0, 2.0, 4.0)
FITTED_FROM = 10
"""Below, samples of gates hold a good part of all patterns, which forces their ratios towards 1."""
CONTRADICTION_RTOL = 1e-9

End = Literal["best network", "lower bound"]
ENDS: tuple[End, ...] = get_args(End)
"""What is taken for the optimum: the low and the high end of the interval of a ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesGrowth:
    """Hold the growth of one series at either end of its certified intervals, if it can be told."""

    best_network: GrowthComparison | None
    lower_bound: GrowthComparison | None

    def at(self, end: End) -> GrowthComparison | None:
        """Return the comparison with the optimum taken from ``end``."""
        return self.best_network if end == "best network" else self.lower_bound

    @property
    def trend(self) -> dict[str, str]:
        """Say whether the fitted square root rises, falls or is level, if the ends agree."""
        if self.best_network is None or self.lower_bound is None:
            return {}
        low, high = _trend(self.best_network), _trend(self.lower_bound)
        return {"trend": low if low == high else f"ends disagree: {low}, {high}"}


def aspect_of(n: int, d: int) -> float:
    """Return the aspect ratio c with ``d = max(1, round(n / c))``, or n/d for one not listed.

    Rounding makes n/d differ from c at small sizes: n = 10 at c = 4 has d = 2.
    """
    return next((c for c in ASPECTS if d == max(1, round(n / c))), round(n / d, 2))


def over_bracket(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each method and instance with the certified interval of its ratio.

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
    frame = with_brackets(summary)
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


def with_brackets(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their ``cell``, ``aspect``, and the ``bound`` and ``best_known`` of it.

    ``best_known`` is the least value of all networks of the cell, whichever method found it.
    """
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


def growth_of(rows: pd.DataFrame, fitted_from: int = FITTED_FROM) -> SeriesGrowth:
    """Compare growth models on one series of `over_bracket`, at the sizes from ``fitted_from`` on.

    Resampling starts from a seed of its own, so that a figure is the same each time.
    """
    fitted = rows[rows["n"] >= fitted_from]
    sizes = fitted["n"].to_numpy()

    def compared(end: End) -> GrowthComparison | None:
        ratios = fitted[end].to_numpy(dtype=np.float64)
        if not is_comparable(sizes) or not np.isfinite(ratios).all():
            return None
        return compare_growth(sizes, ratios, np.random.default_rng(0))

    return SeriesGrowth(*(compared(end) for end in ENDS))


def growth_columns(comparison: GrowthComparison | None) -> dict[str, float | str]:
    """Return AICc weights, the slope of the square root with its interval, and what is allowed."""
    if comparison is None:
        return {}
    fit = comparison.fit(Growth.SQRT_LOG)
    low, high = fit.slope_interval
    weights: dict[str, float | str] = {
        f"weight {fit.growth}": round(fit.weight, 3) for fit in comparison.fits
    }
    return weights | {
        "b sqrt": round(fit.slope, 4),
        "b low": round(low, 4),
        "b high": round(high, 4),
        "allowed": " or ".join(comparison.supported()),
    }


def _trend(comparison: GrowthComparison) -> str:
    low, high = comparison.fit(Growth.SQRT_LOG).slope_interval
    if low > 0.0:
        return "rises"
    return "falls" if high < 0.0 else "level"


def seeds_caption(frame: pd.DataFrame) -> str:
    """Say how many seeds each size has: ``20 (n = 4 to 16), 5 (n = 20 to 60)``."""
    counts = frame.groupby("n")["seed"].nunique()
    parts = []
    for _, run in counts.groupby((counts != counts.shift()).cumsum()):
        parts.append(f"{run.iloc[0]} ($n$ = {span(run.index)})")
    return ", ".join(parts)


def span(numbers: pd.Series | pd.Index) -> str:
    """Write the range of the numbers, or the one number there is."""
    least, most = numbers.min(), numbers.max()
    return f"{least}" if least == most else f"{least} to {most}"
