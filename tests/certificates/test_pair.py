"""The price from moments of combinations of rows is proven, whatever data and multipliers."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_spectral import awkward_data, climbed, exact_price, rounding
from test_sphere import KINDS, awkward

from relaxgap.certificates.all_patterns.pair import pair_lower_bounds
from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.certificates.all_patterns.pair.intervals import Intervals
from relaxgap.certificates.all_patterns.pair.price_bound import PairMultipliers, pair_price_bound
from relaxgap.certificates.duality import feasible_dual
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.numerics.clock import Deadline
from relaxgap.problems.losses import LOSSES

SEEDS = st.integers(0, 10_000)


def highest(X: np.ndarray, nu: np.ndarray) -> float:
    return max(float(climbed(X, sign * nu, 0).max(initial=0.0)) for sign in (1.0, -1.0))


def drawn(n: int, d: int, n_combinations: int, rng: np.random.Generator) -> PairMultipliers:
    """Multipliers of every quality, odd ones among them."""
    odd = np.array([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-320, 1e300])

    def values(size: int) -> np.ndarray:
        found = rng.exponential(size=size) * 10.0 ** rng.uniform(-6.0, 2.0)
        return np.where(rng.random(size) < 0.05, rng.choice(odd, size), found)

    row = rng.integers(0, n, n_combinations)
    coefficients = rng.standard_normal((n_combinations, n)) * (
        rng.random((n_combinations, n)) < 0.3
    )
    coefficients[np.arange(n_combinations), row] = 0.0
    return PairMultipliers(
        rng.standard_normal(n) * values(n),
        values(n),
        Intervals(
            rng.integers(0, n, 2 * n), rng.standard_normal((2 * n, d)) * values(2 * n)[:, None]
        ),
        values(2 * n),
        Combinations(row, coefficients),
        values(n_combinations),
        values(n_combinations),
    )


def table(n: int, d: int) -> Dataset:
    """Rows near a line, labels that few neurons explain."""
    rng = np.random.default_rng(5)
    X = np.column_stack([rng.standard_normal((n, d - 1)) * 0.7 ** np.arange(d - 1), np.ones(n)])
    y = np.maximum(X @ rng.standard_normal(d), 0.0) - np.maximum(X @ rng.standard_normal(d), 0.0)
    return Dataset(X, y + 0.3 * rng.standard_normal(n))


@settings(max_examples=40)
@given(SEEDS)
def test_any_multipliers_prove_a_price(seed: int) -> None:
    X, nu = awkward_data(seed)
    rng = np.random.default_rng(seed)
    multipliers = drawn(*X.shape, int(rng.integers(0, 8)), rng)
    bound = pair_price_bound(X, nu, multipliers)
    assert climbed(X, nu, seed, 50).max(initial=0.0) <= bound + rounding(X, nu)
    trivial = float(np.maximum(nu, 0.0) @ np.linalg.norm(X, axis=1))
    assert bound <= trivial + 1e-10 * float(np.abs(nu) @ np.linalg.norm(X, axis=1))


@pytest.mark.parametrize(("n", "d"), [(1, 1), (6, 1), (7, 2), (9, 3), (8, 4), (5, 6)])
@pytest.mark.parametrize("seed", range(4))
def test_every_round_prices_above_the_best_pattern(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    fraction = 10.0 ** rng.uniform(-3.0, 0.0)
    beta = fraction * max(exact_price(data.X, sign * data.y) for sign in (1.0, -1.0))
    value = 0.5 * float(data.y @ data.y)
    for found in itertools.islice(pair_lower_bounds(data, beta, value, data.y), 4):
        exact = max(exact_price(data.X, sign * found.nu) for sign in (1.0, -1.0))
        assert exact <= found.price_bound + rounding(data.X, found.nu)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_dual_points_of_its_domain(name: str) -> None:
    loss, data = LOSSES[name], table(30, 3)
    if loss.of_classes:
        data = Dataset(data.X, np.sign(data.y))
    zero = loss.dual_point(np.zeros(data.n), data.y)
    beta = 0.05 * highest(data.X, zero)
    value = loss.value(np.zeros(data.n), data.y)
    lower = []
    for found in itertools.islice(pair_lower_bounds(data, beta, value, zero, loss), 5):
        assert found.price_bound >= highest(data.X, found.nu) - rounding(data.X, found.nu)
        lower.append(feasible_dual(data.y, found.nu, found.price_bound, beta, loss)[1])
    network = GlobalSolver(0.01, loss=loss).solve(data, beta)
    value = network.certificate.primal_value
    assert lower[0] < max(lower)
    assert 0.8 * value < max(lower) <= value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_no_direction_has_a_higher_price_than_the_bound(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # data sets have no numbers below 1e-60 or above 1e60
    X = awkward(kind, rng) * {"tiny": 1e110, "huge": 1e-100}.get(kind, 1.0)
    data = Dataset(X, rng.standard_normal(12))
    unit = float(np.abs(data.X).max())
    beta = unit * (0.3, 0.01, 1e-3)[seed] * highest(data.X / unit, data.y)
    bounds = pair_lower_bounds(data, beta, 0.5 * float(data.y @ data.y), data.y)
    for found in itertools.islice(bounds, 4):
        seen = highest(data.X / unit, found.nu)
        assert found.price_bound >= unit * (seen - rounding(data.X / unit, found.nu))


@pytest.mark.parametrize("x_unit", [1e-320, 1e-308, 1e-200, 1e150])
@pytest.mark.parametrize("nu_unit", [1e-320, 1e-165, 1e-3, 1e150])
@pytest.mark.parametrize("other", [0.0, 3.0])
def test_prices_of_few_digits_are_bounded(x_unit: float, nu_unit: float, other: float) -> None:
    # a row that counts for nothing sets the unit of the others
    X = np.array([[7.0 * x_unit, 0.0], [0.0, x_unit], [other, 0.0]])
    nu = np.array([nu_unit, -nu_unit, 0.0])
    multipliers = drawn(3, 2, 2, np.random.default_rng(0))
    bound = pair_price_bound(X, nu, multipliers)
    assert bound == np.inf or Fraction(bound) >= Fraction(X[0, 0]) * Fraction(nu[0])


@pytest.mark.parametrize("size", [1.0, 1e-161, 2.6e-162, 1e-310, 1e160])
def test_vectors_beside_rows_may_have_any_length(size: float) -> None:
    # of exact use: |t| >= t^2 on the interval, and any parabola that touches at its end
    nothing = Combinations.none(1), np.zeros(0), np.zeros(0)
    beside = Intervals(np.array([0]), np.array([[size]]))
    given = PairMultipliers(np.array([0.5]), np.array([0.75]), beside, np.ones(1), *nothing)
    assert pair_price_bound(np.ones((1, 1)), np.ones(1), given) >= 1.0


def test_a_combination_of_a_row_with_itself_proves_nothing_false() -> None:
    given = PairMultipliers(
        np.array([0.5]),
        np.array([0.25]),
        Intervals(np.zeros(0, dtype=np.int64), np.zeros((0, 1))),
        np.zeros(0),
        Combinations(np.array([0]), np.ones((1, 1))),
        np.array([0.5]),
        np.array([0.25]),
    )
    assert pair_price_bound(np.ones((1, 1)), np.ones(1), given) >= 1.0


def test_combinations_of_other_rows_are_the_same_combinations() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((5, 3))
    some = Combinations(np.array([0, 2]), np.array([[0, 0.5, 0, -2, 0], [1.0, 0, 0, 0, 0.1]]))
    places = np.array([1, 3, 4, 6, 7])
    spread = rng.standard_normal((9, 3))
    spread[places] = rows
    assert np.array_equal(some.among(places, 9).vectors(spread), some.vectors(rows))
    back, whole = some.among(places, 9).of_rows(places)
    assert whole.all()
    assert np.array_equal(back.coefficients, some.coefficients)
    assert np.array_equal(back.row, some.row)
    kept, whole = some.of_rows(np.array([0, 1, 3]))
    assert list(whole) == [True, False]
    assert np.array_equal(kept.vectors(rows[[0, 1, 3]]), some.vectors(rows)[:1])


def test_combinations_of_rows_raise_the_bound() -> None:
    data = table(40, 4)
    beta = 0.01 * highest(data.X, data.y)
    values = []
    bounds = pair_lower_bounds(data, beta, 0.5 * float(data.y @ data.y), data.y)
    for found in itertools.islice(bounds, 6):
        scaled = beta / found.price_bound * found.nu
        values.append(float(data.y @ scaled - 0.5 * scaled @ scaled))
    assert max(values) > 1.05 * values[0]
    assert found.n_cuts > 0


def test_a_deadline_ends_it_with_a_proven_price() -> None:
    data = table(60, 4)
    beta = 0.01 * highest(data.X, data.y)
    late = Deadline.after(0.0)
    for found in pair_lower_bounds(data, beta, 0.5 * float(data.y @ data.y), data.y, deadline=late):
        assert found.price_bound >= highest(data.X, found.nu) - rounding(data.X, found.nu)
