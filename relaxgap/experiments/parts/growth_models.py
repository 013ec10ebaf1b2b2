r"""Whether a ratio grows with n, and whether it has a limit.

Seven models of the typical ratio of a method's value over the optimum, compared on one ratio per
instance: the constant :math:`a`; without a limit :math:`a + b\sqrt{\log n}` (Theorem 1),
:math:`a + b \log n` and :math:`a n^g`; with the limit a :math:`a - b / \sqrt n`,
:math:`a - b / \log n` and :math:`a - b n^{-g}`. All are fitted to the logarithms of the ratios by
least squares: the errors are Gaussian with one variance *on the
logarithm*, so that a model describes the geometric mean, which is the median where the errors are
symmetric. On the committed ratios of the sampled relaxations (n = 4 to 16) the spread over seeds
varies up to two times less with n on the logarithm than on the ratio, and the residuals are less
skewed. They still are skewed, and for samples of n gates the spread still falls with n, so the
intervals come from resampling seeds and not from the Gaussian.

References
----------
Hurvich & Tsai (1989), Regression and time series model selection in small samples (AICc).
Burnham & Anderson (2002), Model selection and multimodel inference, section 2.9 (weights).
Davison & Hinkley (1997), Bootstrap methods and their application, chapters 2 and 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Shaped

from relaxgap.experiments.parts.growth_fits import GROWTHS, Growth, fit_growth, group_by_size

MIN_SIZES = 4
"""Through three sizes the model of a free exponent passes exactly."""
MIN_RATIOS = 6
"""AICc of four parameters is defined from here on."""


@dataclass(frozen=True, slots=True)
class GrowthFit:
    """Hold one fitted model.

    Parameters
    ----------
    intercept, slope : float
        ``a`` and ``b``, in units of the ratio; the constant's slope is zero, a power's is ``g``.
    exponent : float
        ``g`` of the saturating model that has one; 1 for the others.
    slope_interval, intercept_interval : tuple of float
        Bootstrap percentiles of ``b`` and ``a``; a bounded model has the limit ``a``.
    spread : float
        Standard deviation of the log ratios around the model.
    aicc : float
        Akaike's criterion with the small-sample correction; the variance counts as a parameter.
    weight : float
        Akaike weight among the models; the weights sum to one.
    """

    growth: Growth
    intercept: float
    slope: float
    exponent: float
    slope_interval: tuple[float, float]
    intercept_interval: tuple[float, float]
    spread: float
    aicc: float
    weight: float

    def predict(self, sizes: Shaped[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        """Return the fitted geometric mean of the ratios at ``sizes``."""
        if self.growth is Growth.POWER:
            return np.asarray(self.intercept * np.asarray(sizes, dtype=np.float64) ** self.slope)
        shape = self.growth.shape(sizes, self.exponent)
        return np.asarray(self.intercept + self.slope * shape)


@dataclass(frozen=True, slots=True, eq=False)
class GrowthFits:
    """Hold the fits of models to the same ratios, so that their criteria compare.

    Parameters
    ----------
    fits : tuple of GrowthFit
        One for each model.
    """

    fits: tuple[GrowthFit, ...]

    def fit(self, growth: Growth) -> GrowthFit:
        """Return the fit of one model."""
        return next(fit for fit in self.fits if fit.growth is growth)

    @property
    def bounded_weight(self) -> float:
        """Weight of the models with a limit."""
        return sum(fit.weight for fit in self.fits if fit.growth.is_bounded)

    @property
    def best(self) -> GrowthFit:
        """The fit of the lowest AICc."""
        return min(self.fits, key=lambda fit: fit.aicc)

    def supported(self, within: float = 2.0) -> tuple[Growth, ...]:
        """Return the models whose AICc is ``within`` of the lowest: the ratios allow each of them.

        References
        ----------
        Burnham & Anderson (2002), section 2.6: a difference up to 2 is substantial support.
        """
        return tuple(fit.growth for fit in self.fits if fit.aicc - self.best.aicc <= within)

    def aicc_difference(self, first: Growth, second: Growth) -> float:
        """Return AICc of ``first`` minus AICc of ``second``; positive if ``second`` is better."""
        return self.fit(first).aicc - self.fit(second).aicc


@dataclass(frozen=True, slots=True, eq=False)
class GrowthComparison(GrowthFits):
    """Hold the fits, and the criteria on resampled seeds.

    Parameters
    ----------
    resampled_aicc : (b, g) float64
        AICc of each model on each resample.
    confidence : float
        Level of every interval.
    """

    resampled_aicc: Float64[np.ndarray, "b g"]
    confidence: float

    def aicc_difference_interval(self, first: Growth, second: Growth) -> tuple[float, float]:
        """Return bootstrap percentiles of `aicc_difference`: how much the drawn seeds decide it.

        A resample scatters more around a model than the sample does, which moves the interval
        towards the models with more parameters.
        """
        one, other = (
            self.resampled_aicc[:, self.fits.index(self.fit(growth))] for growth in (first, second)
        )
        return _percentiles(one - other, self.confidence)


def is_comparable(sizes: Shaped[np.ndarray, " m"]) -> bool:
    """Return whether ratios at ``sizes`` (one entry a ratio) can tell the models apart."""
    return len(np.unique(sizes)) >= MIN_SIZES and len(sizes) >= MIN_RATIOS


def compare_growth(
    sizes: Shaped[np.ndarray, " m"],
    ratios: Float64[np.ndarray, " m"],
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    growths: Sequence[Growth] = GROWTHS,
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

    Returns
    -------
    GrowthComparison
        Fits of all models to the same log ratios, so that their criteria compare.

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
    _check(sizes, ratios, n_resamples, confidence)
    sample = group_by_size(sizes, ratios)
    resamples = group_by_size(sizes, ratios, rng, n_resamples)
    fitted = [fit_growth(sample, growth) for growth in growths]
    refitted = [fit_growth(resamples, growth) for growth in growths]
    aicc = np.concatenate([model.aicc for model in fitted])
    likelihoods = np.exp(-0.5 * (aicc - aicc.min()))
    fits = tuple(
        GrowthFit(
            growth=growth,
            intercept=model.intercept.item(),
            slope=model.slope.item(),
            exponent=model.exponent.item(),
            slope_interval=_percentiles(resampled.slope, confidence),
            intercept_interval=_percentiles(resampled.intercept, confidence),
            spread=model.spread.item(),
            aicc=model.aicc.item(),
            weight=float(likelihood / likelihoods.sum()),
        )
        for growth, model, resampled, likelihood in zip(
            growths, fitted, refitted, likelihoods, strict=True
        )
    )
    resampled_aicc = np.stack([model.aicc for model in refitted], axis=1)
    return GrowthComparison(fits, resampled_aicc, confidence)


def _percentiles(values: Float64[np.ndarray, " b"], confidence: float) -> tuple[float, float]:
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def _check(sizes: np.ndarray, ratios: np.ndarray, n_resamples: int, confidence: float) -> None:
    if not is_comparable(sizes):
        raise ValueError(
            f"Expected {MIN_RATIOS} ratios or more at {MIN_SIZES} sizes or more, got "
            f"{len(sizes)} at {len(np.unique(sizes))} sizes; add sizes or seeds."
        )
    usable = np.isfinite(ratios) & (ratios > 0.0) & np.isfinite(sizes) & (sizes >= 1)
    if not usable.all():
        first = int(np.argmin(usable))
        raise ValueError(
            f"Expected sizes n >= 1 and finite, positive ratios, got {ratios[first]} at "
            f"n={sizes[first]}; leave such entries out."
        )
    if n_resamples < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(
            f"Expected n_resamples >= 1 and a confidence between 0 and 1, got {n_resamples} and "
            f"{confidence}; change them."
        )
