"""What fits of laws of growth say: coefficients with intervals, weights, and what is supported."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Shaped

from relaxgap.experiments.parts.growth_laws import Growth


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

    def best_with(self, limit: bool) -> GrowthFit:
        """Return the fit of the lowest AICc among the models with a limit, or those without."""
        of_kind = [fit for fit in self.fits if fit.growth.is_bounded is limit]
        return min(of_kind, key=lambda fit: fit.aicc)

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
        return percentiles(one - other, self.confidence)


def percentiles(values: Float64[np.ndarray, " b"], confidence: float) -> tuple[float, float]:
    """Return the ends of a percentile interval."""
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)
