r"""Fits to ratios of which an interval is known: a likelihood of interval-censored data.

A log ratio is Gaussian around the model and known to lie between two ends, so that its contribution
to the likelihood is the probability of that interval. It is maximised by scoring: in units of the
spread and around the last fit, a log ratio has the mean :math:`e` and the variance :math:`v` within
its interval, and counts as a ratio at :math:`e / (1 - v)` of weight :math:`1 - v` in the next least
squares; the spread is set so that :math:`\sum e^2 = \sum (1 - v)`. Where the ends coincide this is
the ratio itself, and the fit that of the ratios.

The probability says nothing of where in its interval a ratio is, beyond the model. What would be
found if all ratios were at one end is found by giving that end twice.

References
----------
Dempster, Laird & Rubin (1977), Maximum likelihood from incomplete data: the two equations.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int, Shaped

from relaxgap.experiments.parts.growth_fits import FittedCurve, LogRatios, fit_curve
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.truncated_normal import LOG_ROOT, truncated_normal

RESOLUTION = 1e-6
"""Ratios are not known better (relative); added to every spread, which so stays positive."""
MAX_ROUNDS = 200
TOLERANCE = 1e-9
"""Change of the predicted log ratios at which the likelihood is at its maximum."""
ROUGH_TOLERANCE = 1e-5
"""The same for resamples, of which only percentiles are asked."""
LEAST_WEIGHT = 1e-6
"""Of a ratio whose interval says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class LogIntervals:
    """Intervals of log ratios: one row the sample or a resample.

    Parameters
    ----------
    sizes : (k,) float64
        Distinct n, ascending.
    size_index : (m,) int
        Which of them each ratio is of, ascending.
    low, high : (b, m) float64
        Ends of the log ratios.
    """

    sizes: Float64[np.ndarray, " k"]
    size_index: Int[np.ndarray, " m"]
    low: Float64[np.ndarray, "b m"]
    high: Float64[np.ndarray, "b m"]

    @property
    def wide(self) -> Int[np.ndarray, " w"]:
        """Ratios whose interval is wider than ratios are known anyway."""
        return np.flatnonzero((self.high - self.low > RESOLUTION).any(axis=0))

    def grouped(
        self, logs: Float64[np.ndarray, "b m"], weights: Float64[np.ndarray, "b m"]
    ) -> LogRatios:
        """Return weighted log ratios by size."""
        starts = np.searchsorted(self.size_index, np.arange(len(self.sizes)))
        totals = np.add.reduceat(weights, starts, axis=1)
        means = np.add.reduceat(weights * logs, starts, axis=1) / totals
        return LogRatios(self.sizes, totals, means)


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """One model fitted to every row: curve, standard deviation of log ratios around it, AICc."""

    curve: FittedCurve
    spread: Float64[np.ndarray, " b"]
    aicc: Float64[np.ndarray, " b"]


def intervals_of(
    sizes: Shaped[np.ndarray, " m"],
    low: Float64[np.ndarray, " m"],
    high: Float64[np.ndarray, " m"],
) -> LogIntervals:
    """Return the sample of ratios between ``low`` and ``high``."""
    order = np.argsort(sizes, kind="stable")
    places, index = np.unique(np.asarray(sizes, dtype=np.float64)[order], return_inverse=True)
    return LogIntervals(places, index, np.log(low[order])[None], np.log(high[order])[None])


def resampled(sample: LogIntervals, rng: np.random.Generator, n_rows: int) -> LogIntervals:
    r"""Return resamples of the seeds of a sample.

    A resample draws as many intervals of each size as there are, with replacement, and stretches
    the deviations of their middles from the mean of the size by :math:`\sqrt{S/(S-1)}` for S
    seeds: without it the mean would vary too little. A size with one seed does not vary.
    """
    middle, half = 0.5 * (sample.low + sample.high)[0], 0.5 * (sample.high - sample.low)[0]
    middles, halves = np.empty((2, n_rows, len(middle)))
    for index in range(len(sample.sizes)):
        of_size = np.flatnonzero(sample.size_index == index)
        n_seeds = len(of_size)
        mean = middle[of_size].mean()
        picks = of_size[rng.integers(n_seeds, size=(n_rows, n_seeds))]
        stretch = np.sqrt(n_seeds / max(n_seeds - 1, 1))
        middles[:, of_size] = mean + stretch * (middle[picks] - mean)
        halves[:, of_size] = half[picks]
    return LogIntervals(sample.sizes, sample.size_index, middles - halves, middles + halves)


def fit_intervals(data: LogIntervals, growth: Growth, tolerance: float = TOLERANCE) -> FittedModel:
    r"""Fit one model to every row by the likelihood of its intervals, and rate it by AICc.

    The AICc, for which the variance is a parameter, is that of the ratios themselves where the ends
    coincide: twice the negative logarithm of the mean density in each interval, less a constant of
    the number of ratios. It needs five ratios, that of a free exponent six.
    """
    wide, index = data.wide, data.size_index
    logs = 0.5 * (data.low + data.high)
    weights, hidden = np.ones_like(logs), np.zeros(len(logs))
    curve = fit_curve(data.grouped(logs, weights), growth)
    spread = _spread(logs - curve.predicted[:, index], weights)
    for _ in range(MAX_ROUNDS if wide.size else 0):
        middle, scale = curve.predicted[:, index[wide]], spread[:, None]
        within = truncated_normal(
            (data.low[:, wide] - middle) / scale, (data.high[:, wide] - middle) / scale
        )
        weights[:, wide] = np.maximum(1.0 - within.variance, LEAST_WEIGHT)
        expected = logs.copy()
        expected[:, wide] = middle + scale * within.mean
        before, spread = spread, _spread(expected - curve.predicted[:, index], weights)
        expected[:, wide] = middle + scale * within.mean / weights[:, wide]
        # -2 log L is n log(spread^2) + n log(2 pi) + n, less twice what an interval hides
        lost = within.log_density + LOG_ROOT + 0.5 * (within.mean**2 + within.variance)
        hidden = lost.sum(axis=1)
        last, curve = curve, fit_curve(data.grouped(expected, weights), growth, curve)
        moved = np.abs(curve.predicted - last.predicted).max()
        # the likelihood is flat in the spread where it is largest
        if max(moved, np.abs(np.log(spread / before)).max() ** 2) < tolerance:
            break
    n, k = logs.shape[1], growth.n_parameters
    penalty = 2.0 * k * n / (n - k - 1.0)
    return FittedModel(curve, spread, 2.0 * (n * np.log(spread) - hidden) + penalty)


def _spread(
    residuals: Float64[np.ndarray, "b m"], weights: Float64[np.ndarray, "b m"]
) -> Float64[np.ndarray, " b"]:
    variance = np.sum(residuals**2, axis=1) / weights.sum(axis=1)
    return np.asarray(np.sqrt(variance + RESOLUTION**2))
