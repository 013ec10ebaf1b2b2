"""Times of solvers, derived from the rows of a benchmark: seconds to an error, profiles, slopes."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

INSTANCE = ["program", "beta_fraction", "n", "d", "n_gates", "seed"]
SOLVERS = {
    "semismooth_newton": "semismooth Newton (ours)",
    "column_generation": "column generation (ours)",
    "clarabel": "Clarabel",
    "ecos": "ECOS",
    "scs": "SCS",
    "pyscnn": "pyscnn",
    "dense_interior_point": "interior point, dense (Theorem 2)",
    "cronos": "CRONOS",
}
PROGRAMS = {"relu": "cone-constrained", "gated": "gated"}


def label_of(solver: str) -> str:
    """Return what a figure calls a solver: its own name unless it has a better one."""
    return SOLVERS.get(solver, solver)


def in_order(solvers: Iterable[str]) -> list[str]:
    """Return solvers in the order of figures, those without a place in it last."""
    present = set(solvers)
    return [name for name in SOLVERS if name in present] + sorted(present - set(SOLVERS))


def style_index(solver: str) -> int:
    """Return the place of a solver in the cycles of colours and markers, the same everywhere."""
    return list(SOLVERS).index(solver) if solver in SOLVERS else len(SOLVERS)


def instances(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with a text for a missing fraction, so that every row has a group."""
    return summary.assign(beta_fraction=summary["beta_fraction"].astype(object).fillna("absolute"))


def seconds_to(summary: pd.DataFrame, error: float) -> pd.DataFrame:
    """Return the fewest seconds to a measured error, an instance a row and a solver a column.

    Whatever tolerance a solver was asked for: a run that did better than asked counts. NaN where
    it was not asked at all, infinity where no run reached the error.
    """
    frame = instances(summary)
    reached = frame["seconds"].where(frame["relative_error"] <= error, np.inf)
    columns = [*INSTANCE, "solver"]
    best = frame.assign(reached=reached).groupby(columns)["reached"].min().unstack("solver")
    return best[in_order(best.columns)]


def longer_than(seconds: pd.DataFrame, ours: str, besides: Sequence[str] = ()) -> pd.Series:
    """Return the seconds of the fastest other solver over ours, by instance of `seconds_to`.

    Infinite where no other reached the error; instances that we did not solve, or no other was
    asked for, are left out, and so are the solvers ``besides``.
    """
    others = [solver for solver in seconds if solver != ours and solver not in besides]
    # what was not asked is missing, what did not reach the error infinite
    tried = seconds[others].notna().any(axis=1) & np.isfinite(seconds[ours])
    found: pd.Series = seconds.loc[tried, others].min(axis=1) / seconds.loc[tried, ours]
    return found


def performance_ratios(summary: pd.DataFrame, errors: list[float]) -> pd.DataFrame:
    """Return each solver's seconds over the fewest, for every pair of an instance and an error.

    Only instances on which every solver of the summary was asked for the error or less count, so
    that fractions are of the same pairs. Infinity where a solver did not reach the error; so for
    all where none did.

    References
    ----------
    Dolan & Moré (2002), Benchmarking optimization software with performance profiles.
    """
    tightest = summary.groupby(["program", "n", "d", "n_gates"])["tolerance"].transform("min")
    asked = {error: summary[tightest <= error] for error in errors}
    pairs = pd.concat({error: seconds_to(asked[error], error) for error in errors}, names=["error"])
    pairs = pairs.dropna()
    fewest = pairs.min(axis=1)
    return pairs.div(fewest.where(np.isfinite(fewest), 1.0), axis=0)


def profile(ratios: pd.Series, factors: np.ndarray) -> np.ndarray:
    """Return the fraction of ratios at most each factor."""
    return np.asarray((ratios.to_numpy()[:, None] <= factors).mean(axis=0))


def slope(sizes: np.ndarray, seconds: np.ndarray) -> float:
    """Return the least-squares slope of log seconds against log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def slope_interval(
    sizes: np.ndarray, seconds: np.ndarray, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return that slope with the ends of its interval by Student's t; NaN for under three sizes."""
    if np.unique(sizes).size < 3:
        return float("nan"), float("nan"), float("nan")
    fit = stats.linregress(np.log(sizes), np.log(seconds))
    half = float(stats.t.ppf(0.5 * (1.0 + confidence), len(sizes) - 2) * fit.stderr)
    return float(fit.slope), float(fit.slope) - half, float(fit.slope) + half
