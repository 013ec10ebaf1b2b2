from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxgap.experiments.parts.fitted_laws import GrowthComparison
from relaxgap.experiments.parts.growth_intervals import fit_intervals, intervals_of, resampled
from relaxgap.experiments.parts.growth_laws import Growth
from relaxgap.experiments.parts.growth_models import compare_growth, is_comparable

CLASSIC = (Growth.CONSTANT, Growth.SQRT_LOG, Growth.LOG)
"""The models that can be told apart; one of a free exponent is as good as each of them."""
SIZES = np.array([10, 16, 24, 40, 60, 100, 200, 400, 1000])
N_SEEDS = 6
REPEATS = 40


def drawn(
    median: Callable[[np.ndarray], np.ndarray], seed: int, spread: float = 0.05
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    sizes = np.repeat(SIZES, N_SEEDS)
    noise = spread * rng.standard_normal(len(sizes))
    return sizes, median(sizes) * np.exp(noise), rng


def compared(
    median: Callable[[np.ndarray], np.ndarray], seed: int, spread: float = 0.05
) -> GrowthComparison:
    sizes, ratios, rng = drawn(median, seed, spread)
    return compare_growth(sizes, ratios, rng, n_resamples=200, growths=CLASSIC)


def covered(value: float, interval: tuple[float, float]) -> bool:
    return interval[0] <= value <= interval[1]


def constant(n: np.ndarray) -> np.ndarray:
    return np.full(len(n), 1.3)


def sqrt_log(n: np.ndarray) -> np.ndarray:
    return 0.7 + 0.4 * np.sqrt(np.log(n))


def log(n: np.ndarray) -> np.ndarray:
    return 0.8 + 0.1 * np.log(n)


@pytest.fixture(scope="module")
def repeats() -> dict[str, list[GrowthComparison]]:
    return {
        truth.__name__: [compared(truth, seed) for seed in range(REPEATS)]
        for truth in (constant, sqrt_log)
    }


def test_constant_ratios_are_found_constant_most_of_the_time(
    repeats: dict[str, list[GrowthComparison]],
) -> None:
    best = [comparison.best.growth for comparison in repeats["constant"]]
    assert best.count(Growth.CONSTANT) > 0.7 * REPEATS


@pytest.mark.parametrize("growth", [Growth.SQRT_LOG, Growth.LOG])
def test_the_slope_of_constant_ratios_is_zero_within_its_interval(
    repeats: dict[str, list[GrowthComparison]], growth: Growth
) -> None:
    hits = [covered(0.0, item.fit(growth).slope_interval) for item in repeats["constant"]]
    # 95% nominal; four standard deviations of the count
    assert sum(hits) >= 0.81 * REPEATS


def test_a_growing_ratio_is_never_found_constant(
    repeats: dict[str, list[GrowthComparison]],
) -> None:
    assert all(Growth.CONSTANT not in item.supported() for item in repeats["sqrt_log"])


def test_the_interval_of_the_slope_covers_the_true_one_and_is_not_vacuous(
    repeats: dict[str, list[GrowthComparison]],
) -> None:
    intervals = [item.fit(Growth.SQRT_LOG).slope_interval for item in repeats["sqrt_log"]]
    hits = sum(covered(0.4, interval) for interval in intervals)
    assert hits >= 0.81 * REPEATS
    assert np.median([high - low for low, high in intervals]) < 0.2


@pytest.mark.parametrize(("truth", "growth"), [(sqrt_log, Growth.SQRT_LOG), (log, Growth.LOG)])
def test_square_root_and_logarithm_are_told_apart_where_the_noise_is_small(
    truth: Callable[[np.ndarray], np.ndarray], growth: Growth
) -> None:
    comparison = compared(truth, seed=0, spread=2e-3)
    other = Growth.LOG if growth is Growth.SQRT_LOG else Growth.SQRT_LOG
    assert comparison.best.growth is growth
    assert comparison.supported() == (growth,)
    assert comparison.aicc_difference(other, growth) > 10.0
    assert comparison.aicc_difference_interval(other, growth)[0] > 0.0


def test_square_root_and_logarithm_are_both_allowed_where_the_noise_is_large() -> None:
    comparison = compared(sqrt_log, seed=0)
    assert set(comparison.supported()) == {Growth.SQRT_LOG, Growth.LOG}
    low, high = comparison.aicc_difference_interval(Growth.LOG, Growth.SQRT_LOG)
    assert low < 0.0 < high


@pytest.mark.parametrize(("truth", "growth"), [(sqrt_log, Growth.SQRT_LOG), (log, Growth.LOG)])
def test_ratios_on_a_model_give_its_coefficients_back(
    truth: Callable[[np.ndarray], np.ndarray], growth: Growth
) -> None:
    comparison = compared(truth, seed=0, spread=0.0)
    fit = comparison.fit(growth)
    np.testing.assert_allclose(fit.predict(SIZES), truth(SIZES), rtol=1e-7)
    expected = {Growth.SQRT_LOG: (0.7, 0.4), Growth.LOG: (0.8, 0.1)}[growth]
    np.testing.assert_allclose((fit.intercept, fit.slope), expected, rtol=1e-6)
    assert fit.slope_interval == pytest.approx((fit.slope, fit.slope))


def test_ratios_that_are_all_one_are_constant() -> None:
    sizes = np.repeat(SIZES, 2)
    comparison = compare_growth(sizes, np.ones(len(sizes)), np.random.default_rng(0), 50)
    assert comparison.supported() == (Growth.CONSTANT,)
    for fit in comparison.fits:
        np.testing.assert_allclose((fit.intercept, fit.slope), (1.0, 0.0), atol=1e-6)
    assert comparison.bounded_weight > 0.5


def saturating(n: np.ndarray) -> np.ndarray:
    return 1.8 - 2.0 / np.sqrt(n)


def power(n: np.ndarray) -> np.ndarray:
    return 0.9 * n**0.15


@pytest.mark.parametrize(
    ("truth", "growth", "expected"),
    [
        (saturating, Growth.SATURATING_SQRT, (1.8, 2.0)),
        (lambda n: 2.0 - 1.5 / np.log(n), Growth.SATURATING_LOG, (2.0, 1.5)),
        (lambda n: 1.5 - 3.0 / n, Growth.SATURATING, (1.5, 3.0)),
        (power, Growth.POWER, (0.9, 0.15)),
    ],
)
def test_ratios_on_a_model_with_a_limit_or_a_power_give_its_coefficients_back(
    truth: Callable[[np.ndarray], np.ndarray], growth: Growth, expected: tuple[float, float]
) -> None:
    sizes, ratios, rng = drawn(truth, seed=0, spread=0.0)
    fit = compare_growth(sizes, ratios, rng, n_resamples=50).fit(growth)
    # of a free exponent only those tried are found
    rtol = 0.05 if growth is Growth.SATURATING else 1e-5
    np.testing.assert_allclose((fit.intercept, fit.slope), expected, rtol=3.0 * rtol)
    np.testing.assert_allclose(fit.predict(SIZES), truth(SIZES), rtol=0.1 * rtol)


def test_a_limit_is_covered_by_its_interval_and_a_power_has_none() -> None:
    hits = 0
    for seed in range(20):
        sizes, ratios, rng = drawn(saturating, seed)
        comparison = compare_growth(sizes, ratios, rng, n_resamples=200)
        hits += covered(1.8, comparison.fit(Growth.SATURATING_SQRT).intercept_interval)
        assert comparison.bounded_weight > 0.5
    assert hits >= 15
    sizes, ratios, rng = drawn(power, seed=0, spread=5e-3)
    assert compare_growth(sizes, ratios, rng, n_resamples=50).bounded_weight < 0.05


def test_aicc_is_that_of_an_independent_linear_regression_for_the_constant() -> None:
    sizes, ratios, rng = drawn(constant, seed=3)
    fit = compare_growth(sizes, ratios, rng, 10).fit(Growth.CONSTANT)
    n = len(ratios)
    variance = np.var(np.log(ratios))
    expected = n * np.log(variance) + 4.0 + 12.0 / (n - 3)
    assert fit.aicc == pytest.approx(expected, abs=1e-6)
    assert fit.intercept == pytest.approx(np.exp(np.mean(np.log(ratios))))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(0.01, 1.5), st.sampled_from(["one seed", "several"]))
def test_no_other_growing_curve_fits_better(seed: int, spread: float, seeds: str) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.repeat(SIZES[: rng.integers(5, len(SIZES) + 1)], 1 if seeds == "one seed" else 3)
    logs = spread * rng.standard_normal(len(sizes)) + rng.standard_normal() * np.log(sizes) / 5
    for growth in (Growth.SQRT_LOG, Growth.LOG, Growth.SATURATING_SQRT, Growth.SATURATING_LOG):
        ratios = np.exp(logs)
        fit = fit_intervals(intervals_of(sizes, ratios, ratios), growth).curve
        shape = growth.shape(sizes)
        # every curve a + b g > 0 is exp(s) times one of these
        place = (shape - shape.min()) / (shape.max() - shape.min())
        rises = np.linspace(-12.0, 12.0, 401)[:, None]
        residual = logs - np.log1p(place * np.expm1(rises))
        best = residual.var(axis=1).min()
        fitted = np.log(fit.intercept + fit.slope * shape)
        assert np.mean((logs - fitted) ** 2) <= best * (1.0 + 1e-9)


@given(st.floats(1e-3, 1e3), st.integers(0, 10**6))
@settings(max_examples=15)
def test_a_factor_on_all_ratios_scales_the_slope_and_leaves_the_weights(
    factor: float, seed: int
) -> None:
    sizes, ratios, _ = drawn(sqrt_log, seed)
    order = np.random.default_rng(seed).permutation(len(sizes))
    plain = compare_growth(sizes, ratios, np.random.default_rng(0), 10)
    scaled = compare_growth(sizes[order], factor * ratios[order], np.random.default_rng(0), 10)
    for one, other in zip(plain.fits, scaled.fits, strict=True):
        # a power's factor is its intercept
        of_slope = 1.0 if one.growth is Growth.POWER else factor
        assert other.intercept == pytest.approx(factor * one.intercept, rel=1e-5)
        assert other.slope == pytest.approx(of_slope * one.slope, rel=1e-5, abs=1e-7 * factor)
        assert other.weight == pytest.approx(one.weight, rel=1e-6)


def test_weights_sum_to_one_and_the_same_seed_gives_the_same_intervals() -> None:
    first, second = compared(sqrt_log, seed=5), compared(sqrt_log, seed=5)
    assert sum(fit.weight for fit in first.fits) == pytest.approx(1.0)
    assert [fit.growth for fit in first.fits] == list(CLASSIC)
    assert first.fits == second.fits
    np.testing.assert_array_equal(first.resampled_aicc, second.resampled_aicc)


def test_the_mean_of_a_resample_varies_as_a_mean_of_that_many_seeds_does() -> None:
    rng = np.random.default_rng(0)
    logs = rng.standard_normal((4, 3))
    sizes = np.repeat([10, 20, 40, 80], 3)
    ratios = np.exp(logs.ravel())
    resamples = resampled(intervals_of(sizes, ratios, 1.1 * ratios), rng, 20_000)
    means = 0.5 * (resamples.low + resamples.high).reshape(20_000, 4, 3).mean(axis=2)
    np.testing.assert_allclose(means.var(axis=0), logs.var(axis=1, ddof=1) / 3.0, rtol=0.05)
    np.testing.assert_allclose(resamples.high - resamples.low, np.log(1.1))


@pytest.mark.parametrize("sizes", [[], [8] * 9, [8, 16] * 5, [8, 16, 32] * 3, [8, 16, 32, 64]])
def test_too_few_sizes_or_ratios_are_refused(sizes: list[int]) -> None:
    assert not is_comparable(np.array(sizes))
    with pytest.raises(ValueError, match="Expected 6 ratios or more at 4 sizes or more"):
        compare_growth(np.array(sizes), np.ones(len(sizes)), np.random.default_rng(0), 10)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_a_ratio_that_is_not_positive_and_finite_is_refused(bad: float) -> None:
    ratios = np.array([1.0, 1.1, 1.2, 1.25, 1.3, bad])
    with pytest.raises(ValueError, match=r"Expected sizes n >= 1 and finite.*at n=6"):
        compare_growth(np.array([2, 3, 4, 5, 5, 6]), ratios, np.random.default_rng(0), 10)


@pytest.mark.parametrize(("n_resamples", "confidence"), [(0, 0.95), (10, 0.0), (10, 1.0)])
def test_settings_out_of_range_are_refused(n_resamples: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="Expected n_resamples >= 1"):
        compare_growth(
            np.arange(2, 8), np.ones(6), np.random.default_rng(0), n_resamples, confidence
        )
