r"""Least squares of growth models to the logarithms of ratios, many resamples at once.

A model :math:`a + b g(n)` of the typical ratio, or a power :math:`a n^g`, is fitted on the
logarithm, where its errors are Gaussian with one variance: the sum over sizes of the squared misfit
to each size's mean log ratio, weighted with its number of ratios.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.experiments.parts.growth_laws import EXPONENTS, Growth

RISE_STEP = 1.0
RISES = RISE_STEP * np.arange(-7, 8)
"""Where the search starts: from a fall to a rise by a factor of a thousand over the sizes."""
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
SECTIONS = 12
NEWTON_STEPS = 4
"""Their first starts within 0.6% of a step of `RISES`, from where the error falls quadratically."""


@dataclass(frozen=True, slots=True, eq=False)
class LogRatios:
    """Log ratios by size, all that a curve needs: one row the sample or a resample.

    Parameters
    ----------
    weights : (b, k) float64
        How many ratios there are of each size, or what they are worth.
    means : (b, k) float64
        Their mean logarithm.
    """

    sizes: Float64[np.ndarray, " k"]
    weights: Float64[np.ndarray, "b k"]
    means: Float64[np.ndarray, "b k"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedCurve:
    """One model fitted to every row of `LogRatios`.

    Parameters
    ----------
    exponent : (b,) float64
        That of `Growth.SATURATING`.
    predicted : (b, k) float64
        Logarithm of the model at each size.
    """

    intercept: Float64[np.ndarray, " b"]
    slope: Float64[np.ndarray, " b"]
    exponent: Float64[np.ndarray, " b"]
    predicted: Float64[np.ndarray, "b k"]


def fit_curve(groups: LogRatios, growth: Growth, near: FittedCurve | None = None) -> FittedCurve:
    """Fit one model to every row.

    A model of one shape needs three sizes, that of a free exponent one more. A fit of nearly the
    same ratios saves the search: it is improved.
    """
    n_rows = len(groups.means)
    exponent = np.ones(n_rows)
    if growth is Growth.CONSTANT:
        mean, residual = _centred(groups.means, groups.weights)
        intercept, slope = np.exp(mean), np.zeros(n_rows)
    elif growth is Growth.POWER:
        intercept, slope, residual = _fit_power(groups)
    elif growth is Growth.SATURATING:
        exponent, (intercept, slope, residual) = _fit_exponent(groups, near)
    else:
        shape = np.broadcast_to(growth.shape(groups.sizes), groups.means.shape)
        intercept, slope, residual = _fit_shape(groups, shape, near)
    return FittedCurve(intercept, slope, exponent, groups.means - residual)


Fit = tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, " b"], Float64[np.ndarray, "b k"]]


def _fit_exponent(
    groups: LogRatios, near: FittedCurve | None
) -> tuple[Float64[np.ndarray, " b"], Fit]:
    """Fit `Growth.SATURATING` with each exponent, or with the three nearest of a known fit."""
    if near is None:
        places = np.repeat(np.arange(len(EXPONENTS))[:, None], len(groups.means), axis=1)
    else:
        known = np.searchsorted(EXPONENTS, near.exponent * (1.0 - 1e-9))
        places = np.clip(known + np.array([[0], [-1], [1]]), 0, len(EXPONENTS) - 1)
    tried = [
        _fit_shape(groups, -(groups.sizes ** -EXPONENTS[of_row][:, None]), near)
        for of_row in places
    ]
    errors = np.stack([_total(residual**2, groups.weights) for _, _, residual in tried])
    best, rows = np.argmin(errors, axis=0), np.arange(len(groups.means))
    intercept, slope, residual = (np.stack([fit[k] for fit in tried])[best, rows] for k in range(3))
    return EXPONENTS[places[best, rows]], (intercept, slope, residual)


def _fit_shape(
    groups: LogRatios, shape: Float64[np.ndarray, "b k"], near: FittedCurve | None
) -> Fit:
    """Fit ``a + b shape`` to every row; return both and what is left of the means."""
    first = shape[:, :1]
    span = shape[:, -1:] - first
    place = (shape - first) / span
    found = None if near is None else near.predicted[:, -1] - near.predicted[:, 0]
    rise = _search(groups, place) if found is None else found
    start, rise, residual = _improve(groups, place, rise)
    slope = np.exp(start) * np.expm1(rise) / span[:, 0]
    return np.exp(start) - slope * first[:, 0], slope, residual


def _fit_power(groups: LogRatios) -> Fit:
    """Fit ``a n^g``, a line on both logarithms."""
    logs = np.broadcast_to(np.log(groups.sizes), groups.means.shape)
    middle, place = _centred(logs, groups.weights)
    mean, centred = _centred(groups.means, groups.weights)
    slope = _total(centred * place, groups.weights) / _total(place**2, groups.weights)
    return np.exp(mean - slope * middle), slope, centred - slope[:, None] * place


def _search(groups: LogRatios, place: Float64[np.ndarray, "b k"]) -> Float64[np.ndarray, " b"]:
    r"""Find the rise ``r`` of :math:`s + \log(1 + h (e^r - 1))`, ``h`` running from 0 to 1.

    Whatever the real numbers ``s`` and ``r`` this is the logarithm of a function linear in ``h``
    and positive at every size, so no constraint is needed: ``s`` is its value at the first size and
    ``r`` its rise up to the last. The best ``s`` for an ``r`` is a mean; ``r`` is found by golden
    section around the best of `RISES`, as means that scatter widely have several minima.
    """

    def error_of(rise: np.ndarray) -> np.ndarray:
        _, residual = _centred(groups.means - _curve(rise, place), groups.weights)
        return np.asarray(_total(residual**2, groups.weights))

    errors = [error_of(np.full(len(groups.means), rise)) for rise in RISES]
    low = RISES[np.argmin(errors, axis=0)] - RISE_STEP
    high = low + 2.0 * RISE_STEP
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    error_left, error_right = error_of(left), error_of(right)
    for _ in range(SECTIONS):
        leftwards = error_left < error_right
        low, high = np.where(leftwards, low, left), np.where(leftwards, right, high)
        trial = np.where(leftwards, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        error = error_of(trial)
        left, right = np.where(leftwards, trial, right), np.where(leftwards, left, trial)
        error_left, error_right = (
            np.where(leftwards, error, error_right),
            np.where(leftwards, error_left, error),
        )
    return np.asarray(0.5 * (low + high))


def _improve(
    groups: LogRatios, place: Float64[np.ndarray, "b k"], rise: Float64[np.ndarray, " b"]
) -> Fit:
    """Refine rises by Newton's method; return starts, rises and what is left of the means."""
    start, residual = _centred(groups.means - _curve(rise, place), groups.weights)
    error = _total(residual**2, groups.weights)
    for _ in range(NEWTON_STEPS):
        # of log(1 + h (e^r - 1)): c' = h e^r / (1 + h (e^r - 1)) and c'' = c' (1 - c')
        steep = place * np.exp(rise)[:, None] / (1.0 + place * np.expm1(rise)[:, None])
        _, centred = _centred(steep, groups.weights)
        fall = _total(residual * centred, groups.weights)
        bend = _total(centred**2 - residual * steep * (1.0 - steep), groups.weights)
        step = np.clip(np.divide(fall, bend, out=np.zeros_like(fall), where=bend > 0.0), -1.0, 1.0)
        trial = np.clip(rise + step, RISES[0] - RISE_STEP, RISES[-1] + RISE_STEP)
        tried_start, tried = _centred(groups.means - _curve(trial, place), groups.weights)
        tried_error = _total(tried**2, groups.weights)
        better = tried_error < error
        rise, start = np.where(better, trial, rise), np.where(better, tried_start, start)
        residual = np.where(better[:, None], tried, residual)
        error = np.where(better, tried_error, error)
        if not better.any():
            break
    return start, rise, residual


def _curve(
    rise: Float64[np.ndarray, " b"], place: Float64[np.ndarray, "b k"]
) -> Float64[np.ndarray, "b k"]:
    return np.asarray(np.log1p(place * np.expm1(rise)[:, None]))


def _centred(
    values: Float64[np.ndarray, "b k"], weights: Float64[np.ndarray, "b k"]
) -> tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, "b k"]]:
    """Return the weighted mean of each row and the row without it."""
    means = _total(values, weights) / weights.sum(axis=1)
    return means, values - means[:, None]


def _total(
    values: Float64[np.ndarray, "b k"], weights: Float64[np.ndarray, "b k"]
) -> Float64[np.ndarray, " b"]:
    return np.asarray(np.einsum("bk,bk->b", values, weights))
