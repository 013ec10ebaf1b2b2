"""Fits to certified intervals of ratios, and the size that would decide between their laws."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, truncnorm

from relaxgap.experiments.parts.fitted_laws import GrowthFit, GrowthFits
from relaxgap.experiments.parts.growth_decision import deciding_size
from relaxgap.experiments.parts.growth_intervals import fit_intervals, intervals_of
from relaxgap.experiments.parts.growth_laws import GROWTHS, Growth
from relaxgap.experiments.parts.growth_models import compare_growth
from relaxgap.experiments.parts.truncated_normal import truncated_normal

SIZES = np.repeat([10, 20, 40, 80, 160, 320, 640], 4)


def drawn(seed: int, limit: float = 1.9, spread: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Return brackets, wider from 100 on, of ratios around a law with a limit."""
    rng = np.random.default_rng(seed)
    ratios = (limit - 2.0 / np.sqrt(SIZES)) * np.exp(spread * rng.standard_normal(len(SIZES)))
    width = np.where(SIZES > 100, 0.1, 1e-3) * rng.uniform(0.5, 1.5, len(SIZES))
    below = rng.random(len(SIZES)) * width
    return ratios * np.exp(-below), ratios * np.exp(width - below)


def test_an_interval_without_width_is_the_ratio_itself() -> None:
    low, _ = drawn(0)
    for growth in GROWTHS:
        ratio = fit_intervals(intervals_of(SIZES, low, low), growth)
        narrow = fit_intervals(intervals_of(SIZES, low, low * (1.0 + 1e-5)), growth)
        np.testing.assert_allclose(narrow.curve.predicted, ratio.curve.predicted + 5e-6, atol=1e-8)
        assert narrow.aicc == pytest.approx(ratio.aicc, abs=1e-5)


@pytest.mark.parametrize("growth", [Growth.CONSTANT, Growth.POWER, Growth.SATURATING_SQRT])
@pytest.mark.parametrize("spread", [0.003, 0.05])
def test_the_fit_maximises_the_probability_of_the_intervals(growth: Growth, spread: float) -> None:
    low, high = (np.log(end) for end in drawn(1, spread=spread))
    fit = fit_intervals(intervals_of(SIZES, np.exp(low), np.exp(high)), growth)

    def deviance(parameters: np.ndarray) -> float:
        start, slope, log_spread = parameters
        shape = growth.shape(SIZES)
        if growth is Growth.SATURATING_SQRT:
            middle = np.log(np.maximum(start + slope * shape, 1e-3))
        else:
            middle = start + slope * shape
        left, right = (low - middle) / np.exp(log_spread), (high - middle) / np.exp(log_spread)
        mass = np.where(
            left > 0.0, norm.sf(left) - norm.sf(right), norm.cdf(right) - norm.cdf(left)
        )
        return float(-2.0 * np.log(np.maximum(mass, 1e-300) / (high - low)).sum())

    intercept = (
        fit.curve.intercept[0]
        if growth is Growth.SATURATING_SQRT
        else np.log(fit.curve.intercept[0])
    )
    found = np.array([intercept, fit.curve.slope[0], np.log(fit.spread[0])])
    n, k = len(SIZES), growth.n_parameters
    constant = n * (math.log(2.0 * math.pi) + 1.0)
    penalty = 2.0 * k * n / (n - k - 1.0)
    assert fit.aicc[0] == pytest.approx(deviance(found) - constant + penalty, abs=1e-4)
    best = minimize(deviance, found, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9})
    assert deviance(found) <= best.fun + 1e-5


def test_a_limit_is_covered_although_only_brackets_are_known() -> None:
    hits = 0
    laws = (Growth.SATURATING_SQRT,)
    for seed in range(20):
        low, high = drawn(seed)
        rng = np.random.default_rng(0)
        compared = compare_growth(SIZES, low, rng, 100, growths=laws, upper=high)
        least, most = compared.best.intercept_interval
        hits += least <= 1.9 <= most
    # 95% nominal, some 90 for four seeds a size; four standard deviations of the count
    assert hits >= 13


def test_an_upper_end_below_its_lower_end_is_refused() -> None:
    low, high = drawn(0)
    with pytest.raises(ValueError, match="intervals of them"):
        compare_growth(SIZES, high, np.random.default_rng(0), 10, upper=low)


def test_moments_within_an_interval_are_those_of_scipy() -> None:
    low = np.array([[-1.0, 2.0, -6.0, 0.5, -9.0, 8.0]])
    high = low + np.array([[3.0, 0.5, 5.9, 4e-3, 12.0, 1.0]])
    found = truncated_normal(low, high)
    other = truncnorm(low, high)
    np.testing.assert_allclose(found.mean, other.mean(), rtol=1e-7)
    np.testing.assert_allclose(found.variance, other.var(), rtol=1e-3)
    np.testing.assert_allclose(
        np.exp(found.log_density) * (high - low),
        np.where(low > 0.0, norm.sf(low) - norm.sf(high), norm.cdf(high) - norm.cdf(low)),
        rtol=1e-9,
    )
    point = truncated_normal(low, low)
    np.testing.assert_array_equal(point.mean, low)
    np.testing.assert_array_equal(point.variance, 0.0)
    np.testing.assert_allclose(point.log_density, norm.logpdf(low))
    # the series for a narrow interval meets the differences for a wider one
    width = 3e-3 * np.array([1.0 - 1e-9, 1.0 + 1e-9])
    both = truncated_normal(np.full((1, 2), 4.0) - 0.5 * width, np.full((1, 2), 4.0) + 0.5 * width)
    for values in (both.mean, both.variance, both.log_density):
        assert values[0, 0] == pytest.approx(values[0, 1], abs=1e-8)


def law(growth: Growth, intercept: float, slope: float, aicc: float, spread: float) -> GrowthFit:
    nothing = (math.nan, math.nan)
    return GrowthFit(growth, intercept, slope, 1.0, nothing, nothing, spread, aicc, math.nan)


def test_what_decides_is_the_first_size_whose_laws_are_apart_by_more_than_noise_and_bracket() -> (
    None
):
    limit = law(Growth.CONSTANT, 1.0, 0.0, 0.0, 0.1)
    grows = law(Growth.POWER, 1.0, 0.1, 0.0, 0.2)
    # a worse law of each kind is not asked
    worse = law(Growth.LOG, 1.0, 9.0, 5.0, 9.0)
    fits = GrowthFits((limit, grows, worse))
    # log n^0.1 against 2 * 0.2 / sqrt(4) + 0.5 = 0.7: n > e^7 = 1097
    assert deciding_size(fits, 300, n_seeds=4, width=0.5) == 1200
    assert deciding_size(fits, 1100, n_seeds=4, width=0.5) == 2200
    # e^14 is beyond a million
    assert deciding_size(fits, 300, n_seeds=4, width=1.2) is None


def test_a_law_that_falls_below_zero_is_told_apart() -> None:
    falls = law(Growth.LOG, 1.0, -0.2, 0.0, 0.1)
    fits = GrowthFits((law(Growth.CONSTANT, 0.3, 0.0, 0.0, 0.1), falls))
    assert deciding_size(fits, 100, n_seeds=1, width=1.0) == 200
