r"""Least squares of growth models to the logarithms of ratios, many resamples at once.

A model :math:`a + b g(n)` of the typical ratio, or a power :math:`a n^g`, is fitted on the
logarithm, where its errors are Gaussian with one variance: the sum over sizes of the squared misfit
to each size's mean log ratio, weighted with its number of ratios. Only these means differ between
resamples.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float64, Shaped

RESOLUTION = 1e-6
"""Ratios are not known better (relative); added to every spread, which so stays positive."""
RISE_STEP = 1.0
RISES = RISE_STEP * np.arange(-7, 8)
"""Where the search starts: from a fall to a rise by a factor of a thousand over the sizes."""
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
SECTIONS = 40


EXPONENTS = np.geomspace(0.05, 2.0, 25)
"""Tried for the saturating model: below, it is the logarithm; above, nothing is left from 10 on."""


class Growth(StrEnum):
    """Name a model of the typical ratio."""

    CONSTANT = "constant"
    SQRT_LOG = "sqrt(log n)"
    LOG = "log n"
    POWER = "n^g"
    SATURATING_SQRT = "-1/sqrt(n)"
    SATURATING_LOG = "-1/log n"
    SATURATING = "-1/n^g"

    @property
    def is_bounded(self) -> bool:
        """Whether the model has a limit, the intercept."""
        return self is Growth.CONSTANT or self in SATURATING

    @property
    def n_parameters(self) -> int:
        """Numbers fitted, the variance among them."""
        return {Growth.CONSTANT: 2, Growth.SATURATING: 4}.get(self, 3)

    def shape(
        self, sizes: Shaped[np.ndarray, " k"], exponent: float = 1.0
    ) -> Float64[np.ndarray, " k"]:
        """Return what the slope multiplies at ``sizes``; zeros for the constant.

        Of a power, the logarithm: there the slope is the exponent.
        """
        n = np.asarray(sizes, dtype=np.float64)
        match self:
            case Growth.CONSTANT:
                return np.zeros_like(n)
            case Growth.SQRT_LOG:
                return np.sqrt(np.log(n))
            case Growth.LOG | Growth.POWER:
                return np.log(n)
            case Growth.SATURATING_SQRT:
                return -1.0 / np.sqrt(n)
            case Growth.SATURATING_LOG:
                return -1.0 / np.log(n)
            case Growth.SATURATING:
                return np.asarray(-(n**-exponent))


GROWTHS = tuple(Growth)
SATURATING = (Growth.SATURATING_SQRT, Growth.SATURATING_LOG, Growth.SATURATING)


@dataclass(frozen=True, slots=True, eq=False)
class LogRatios:
    """Log ratios by size, all that a fit needs: one row the sample or a resample."""

    sizes: Float64[np.ndarray, " k"]
    counts: Float64[np.ndarray, " k"]
    means: Float64[np.ndarray, "b k"]
    squares_within: Float64[np.ndarray, " b"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """One model fitted to every row of `LogRatios`; the exponent is that of `Growth.SATURATING`."""

    intercept: Float64[np.ndarray, " b"]
    slope: Float64[np.ndarray, " b"]
    exponent: Float64[np.ndarray, " b"]
    spread: Float64[np.ndarray, " b"]
    aicc: Float64[np.ndarray, " b"]


def group_by_size(
    sizes: Shaped[np.ndarray, " m"],
    ratios: Float64[np.ndarray, " m"],
    rng: np.random.Generator | None = None,
    n_rows: int = 1,
) -> LogRatios:
    r"""Return the sample, or with a generator ``n_rows`` resamples of its seeds.

    A resample draws as many ratios of each size as there are, with replacement, and stretches their
    deviations from the mean of the size by :math:`\sqrt{S/(S-1)}` for S ratios: without it the mean
    would vary too little. A size with one ratio does not vary.
    """
    places = np.unique(np.asarray(sizes, dtype=np.float64))
    logs = [np.log(ratios[sizes == place]) for place in places]
    means, squares = np.empty((n_rows, len(places))), np.zeros(n_rows)
    for index, values in enumerate(logs):
        mean, n_seeds = values.mean(), len(values)
        drawn = values[None]
        if rng is not None:
            stretch = np.sqrt(n_seeds / max(n_seeds - 1, 1))
            picks = rng.integers(n_seeds, size=(n_rows, n_seeds))
            drawn = mean + stretch * (values - mean)[picks]
        means[:, index] = drawn.mean(axis=1)
        squares += n_seeds * drawn.var(axis=1)
    return LogRatios(places, np.array([float(len(values)) for values in logs]), means, squares)


def fit_growth(groups: LogRatios, growth: Growth) -> FittedModel:
    """Fit one model to every row and rate it by AICc, the variance counted as a parameter.

    A model of one shape needs three sizes, and its AICc five ratios; that of a free exponent one
    more of each.
    """
    n_rows = len(groups.means)
    exponent = np.ones(n_rows)
    if growth is Growth.CONSTANT:
        mean, residual = _centred(groups.means, groups.counts)
        intercept, slope = np.exp(mean), np.zeros(n_rows)
    elif growth is Growth.POWER:
        intercept, slope, residual = _fit_power(groups)
    elif growth is Growth.SATURATING:
        tried = [_fit_shape(groups, growth.shape(groups.sizes, g)) for g in EXPONENTS]
        errors = np.stack([residual**2 @ groups.counts for _, _, residual in tried])
        best = np.argmin(errors, axis=0)
        exponent, rows = EXPONENTS[best], np.arange(n_rows)
        intercept, slope, residual = (
            np.stack([parts[k] for parts in tried])[best, rows] for k in range(3)
        )
    else:
        intercept, slope, residual = _fit_shape(groups, growth.shape(groups.sizes))
    n = groups.counts.sum()
    variance = (groups.squares_within + residual**2 @ groups.counts) / n + RESOLUTION**2
    penalty = 2.0 * growth.n_parameters * n / (n - growth.n_parameters - 1.0)
    aicc = n * np.log(variance) + penalty
    return FittedModel(intercept, slope, exponent, np.sqrt(variance), aicc)


Fit = tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, " b"], Float64[np.ndarray, "b k"]]


def _fit_shape(groups: LogRatios, shape: Float64[np.ndarray, " k"]) -> Fit:
    """Fit ``a + b shape`` to every row; return both and what is left of the means."""
    span = shape[-1] - shape[0]
    start, rise, residual = _fit_rise(groups, (shape - shape[0]) / span)
    slope = np.exp(start) * np.expm1(rise) / span
    return np.exp(start) - slope * shape[0], slope, residual


def _fit_power(groups: LogRatios) -> Fit:
    """Fit ``a n^g``, a line on both logarithms."""
    logs = np.log(groups.sizes)
    middle = logs @ groups.counts / groups.counts.sum()
    place = logs - middle
    mean, centred = _centred(groups.means, groups.counts)
    slope = (centred * place) @ groups.counts / (place**2 @ groups.counts)
    return np.exp(mean - slope * middle), slope, centred - slope[:, None] * place


def _fit_rise(
    groups: LogRatios, place: Float64[np.ndarray, " k"]
) -> tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, " b"], Float64[np.ndarray, "b k"]]:
    r"""Fit :math:`s + \log(1 + h (e^r - 1))` to the means, ``h`` running from 0 to 1.

    Whatever the real numbers ``s`` and ``r`` this is the logarithm of a function linear in ``h``
    and positive at every size, so no constraint is needed: ``s`` is its value at the first size and
    ``r`` its rise up to the last. The best ``s`` for an ``r`` is a mean; ``r`` is found by golden
    section around the best of `RISES`, as means that scatter widely have several minima.
    """

    def error_of(rise: np.ndarray) -> np.ndarray:
        _, residual = _centred(groups.means - _curve(rise, place), groups.counts)
        return np.asarray(residual**2 @ groups.counts)

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
    rise = 0.5 * (low + high)
    start, residual = _centred(groups.means - _curve(rise, place), groups.counts)
    return start, rise, residual


def _curve(
    rise: Float64[np.ndarray, " b"], place: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, "b k"]:
    return np.asarray(np.log1p(place * np.expm1(rise)[:, None]))


def _centred(
    values: Float64[np.ndarray, "b k"], counts: Float64[np.ndarray, " k"]
) -> tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, "b k"]]:
    """Return the weighted mean of each row and the row without it."""
    means = values @ counts / counts.sum()
    return means, values - means[:, None]
