"""How a claim is judged: every instance, a failure rate, or a slope."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import beta as beta_distribution

from relaxgap.claims.claim import Outcome, Verdict

CONFIDENCE = 0.95
LARGE = 50
"""Features from which Gaussian data are taken to be near the limit of (A1)."""
MIN_TRIALS = 200
"""Draws from which a failure rate says something at delta = 0.1."""
KEYS = ("data", "n", "d", "seed")


def on_all(
    frame: pd.DataFrame, left: pd.Series, right: pd.Series, said: str, rtol: float = 1e-9
) -> Verdict:
    """Judge ``left <= right`` on every row; the row that breaks it most is named.

    Parameters
    ----------
    frame : DataFrame
        The rows, with the columns that name an instance.
    left, right : Series
        Certified ends, or numbers that rounding alone blurs.
    said : str
        What the two sides are; followed by the largest quotient.
    rtol : float
        What rounding may take.
    """
    quotient = left / right
    most = float(quotient.max())
    # what is not a number holds nothing
    broken = ~(quotient <= 1.0 + rtol)
    if not broken.any():
        return Verdict(Outcome.HOLDS, len(frame), f"{said}: at most {most:.3g} of it")
    worst = int(quotient.fillna(np.inf).argmax())
    instance = ", ".join(f"{key} {frame[key].iloc[worst]}" for key in KEYS if key in frame)
    detail = f"{said}: {int(broken.sum())} of {len(frame)} above, {most:.3g} of it at {instance}"
    return Verdict(Outcome.CONTRADICTED, len(frame), detail)


def at_rate(failures: int, trials: int, delta: float, said: str) -> Verdict:
    """Judge a claim that may fail with probability ``delta``, by Clopper and Pearson's limit.

    It is contradicted only if even the lower limit of the rate is above ``delta``.
    """
    tail = 0.5 * (1.0 - CONFIDENCE)
    high = float(beta_distribution.ppf(1.0 - tail, failures + 1, trials - failures))
    low = float(beta_distribution.ppf(tail, failures, trials - failures + 1)) if failures else 0.0
    high = 1.0 if failures == trials else high
    detail = f"{said}: {failures} of {trials:,} fail, rate at most {high:.2g} ({CONFIDENCE:.0%})"
    if low > delta:
        return Verdict(Outcome.CONTRADICTED, trials, detail)
    if trials < MIN_TRIALS:
        detail += f"; {MIN_TRIALS} draws would say more"
    return Verdict(Outcome.RATE if failures else Outcome.HOLDS, trials, detail)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the slope of a line through the logarithms."""
    return float(np.polyfit(np.log(np.asarray(x)), np.log(np.asarray(y)), 1)[0])
