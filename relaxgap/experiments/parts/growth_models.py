r"""Whether a ratio grows with n, and whether it has a limit.

Seven models of the typical ratio of a method's value over the optimum, compared on one ratio per
instance, known exactly or between two certified ends: the constant :math:`a`; without a limit
:math:`a + b\sqrt{\log n}` (Theorem 1), :math:`a + b \log n` and :math:`a n^g`; with the limit a
:math:`a - b / \sqrt n`, :math:`a - b / \log n` and :math:`a - b n^{-g}`. All are fitted to the
logarithms of the ratios by maximum likelihood, which is least squares of those known exactly: the
errors are Gaussian with one variance *on the logarithm*, so that a model describes the geometric
mean, which is the median where the errors are symmetric. On the committed ratios of the sampled
relaxations (n = 4 to 16) the spread over seeds varies up to two times less with n on the logarithm
than on the ratio, and the residuals are less skewed. They still are skewed, and for samples of n
gates the spread still falls with n, so the intervals come from resampling seeds and not from the
Gaussian.

References
----------
Hurvich & Tsai (1989), Regression and time series model selection in small samples (AICc).
Burnham & Anderson (2002), Model selection and multimodel inference, section 2.9 (weights).
Davison & Hinkley (1997), Bootstrap methods and their application, chapters 2 and 3.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Shaped

from relaxgap.experiments.parts.fitted_laws import GrowthComparison, GrowthFit, percentiles
from relaxgap.experiments.parts.growth_intervals import (
    ROUGH_TOLERANCE,
    FittedModel,
    fit_intervals,
    intervals_of,
    resampled,
)
from relaxgap.experiments.parts.growth_laws import GROWTHS, Growth

MIN_SIZES = 4
"""Through three sizes the model of a free exponent passes exactly."""
MIN_RATIOS = 6
"""AICc of four parameters is defined from here on."""


def is_comparable(sizes: Shaped[np.ndarray, " m"]) -> bool:
    """Return whether ratios at ``sizes`` (one entry a ratio) can tell the models apart."""
    return len(np.unique(sizes)) >= MIN_SIZES and len(sizes) >= MIN_RATIOS


def compare_growth(
    sizes: Shaped[np.ndarray, " m"],
    ratios: Float64[np.ndarray, " m"],
    rng: np.random.Generator,
    n_resamples: int,
    confidence: float = 0.95,
    growths: Sequence[Growth] = GROWTHS,
    upper: Float64[np.ndarray, " m"] | None = None,
) -> GrowthComparison:
    r"""Fit the models and weigh them, with intervals from resampling seeds within each n.

    Parameters
    ----------
    sizes : (m,) integers
        ``n >= 1`` of each ratio.
    ratios : (m,) float64
        Positive ratios of independent instances, one each.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        Number of resamples b.
    confidence : float
        Level of the percentile intervals, between 0 and 1.
    growths : sequence of Growth
        The models among which weights are shared.
    upper : (m,) float64 or None
        Upper ends of the ratios, of which ``ratios`` are then lower ends; None if those are exact.

    Returns
    -------
    GrowthComparison
        Fits of all models to the same ratios, so that their criteria compare.

    Raises
    ------
    ValueError
        If there are fewer than `MIN_SIZES` sizes or `MIN_RATIOS` ratios, or an argument is
        out of its range.

    Notes
    -----
    A size with a single seed does not vary between resamples: intervals are then too narrow.
    Cost: O(b) times the number of ratios.
    """
    highest = ratios if upper is None else upper
    _check(sizes, ratios, highest, n_resamples, confidence)
    sample = intervals_of(sizes, ratios, highest)
    resamples = resampled(sample, rng, n_resamples)
    fitted = [fit_intervals(sample, growth) for growth in growths]
    refitted = [fit_intervals(resamples, growth, ROUGH_TOLERANCE) for growth in growths]
    aicc = np.concatenate([model.aicc for model in fitted])
    likelihoods = np.exp(-0.5 * (aicc - aicc.min()))
    weights = likelihoods / likelihoods.sum()
    fits = tuple(
        _growth_fit(growth, model, of_resamples, float(weight), confidence)
        for growth, model, of_resamples, weight in zip(
            growths, fitted, refitted, weights, strict=True
        )
    )
    resampled_aicc = np.stack([model.aicc for model in refitted], axis=1)
    return GrowthComparison(fits, resampled_aicc, confidence)


def _growth_fit(
    growth: Growth, model: FittedModel, of_resamples: FittedModel, weight: float, confidence: float
) -> GrowthFit:
    return GrowthFit(
        growth=growth,
        intercept=model.curve.intercept.item(),
        slope=model.curve.slope.item(),
        exponent=model.curve.exponent.item(),
        slope_interval=percentiles(of_resamples.curve.slope, confidence),
        intercept_interval=percentiles(of_resamples.curve.intercept, confidence),
        spread=model.spread.item(),
        aicc=model.aicc.item(),
        weight=weight,
    )


def _check(
    sizes: np.ndarray, ratios: np.ndarray, upper: np.ndarray, n_resamples: int, confidence: float
) -> None:
    if not is_comparable(sizes):
        raise ValueError(
            f"Expected {MIN_RATIOS} ratios or more at {MIN_SIZES} sizes or more, got "
            f"{len(sizes)} at {len(np.unique(sizes))} sizes; add sizes or seeds."
        )
    known = np.isfinite(ratios) & np.isfinite(upper) & (ratios > 0.0) & (ratios <= upper)
    usable = known & np.isfinite(sizes) & (sizes >= 1)
    if not usable.all():
        first = int(np.argmin(usable))
        raise ValueError(
            "Expected sizes n >= 1 and finite, positive ratios or intervals of them, got "
            f"{ratios[first]} to {upper[first]} at n={sizes[first]}; leave such entries out."
        )
    if n_resamples < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(
            f"Expected n_resamples >= 1 and a confidence between 0 and 1, got {n_resamples} and "
            f"{confidence}; change them."
        )
