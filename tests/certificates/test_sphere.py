"""The price by cones on the sphere is proven whatever the data, and exact where it ends."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from test_spectral import climbed, exact_price, rounding

from relaxgap.certificates.all_patterns.sphere import SpherePrice
from relaxgap.certificates.all_patterns.sphere.cones import bounded, folded, halves
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force


def solved(X: np.ndarray, nu: np.ndarray, wanted: float = 0.0) -> SpherePrice:
    price = SpherePrice(X, nu, int(np.linalg.matrix_rank(X)))
    for _ in price.levels(wanted):
        pass
    return price


def highest(X: np.ndarray, nu: np.ndarray) -> float:
    """The highest price that ascents reach, and cones to a percent of it."""
    best = max(climbed(X, sign * nu, 0).max() for sign in (1.0, -1.0))
    return max(float(best), solved(X, nu, wanted=1.01 * best).attained)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (6, 1), (7, 2), (9, 3), (9, 4), (8, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_the_price_of_small_data_is_that_of_the_best_pattern(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    exact = max(exact_price(X, nu), exact_price(X, -nu))
    price = solved(X, nu)
    assert price.attained <= exact + rounding(X, nu)
    assert exact - rounding(X, nu) <= price.price_bound <= exact * (1.0 + 1e-7)


def awkward(kind: str, rng: np.random.Generator) -> np.ndarray:
    X = rng.standard_normal((12, 3))
    if kind == "duplicates":
        return X[rng.integers(0, 4, 12)]
    if kind == "integers":
        return rng.integers(-1, 2, (12, 3)).astype(float)
    if kind == "one_line":
        return np.outer(rng.standard_normal(12), X[0])
    if kind == "zero_rows":
        return X * (np.arange(12) % 3 > 0)[:, None]
    if kind == "nearly_parallel":
        return X[:1] + 1e-11 * X
    if kind == "more_columns":
        return X @ rng.standard_normal((3, 7))
    return X * {"tiny": 1e-160, "huge": 1e150, "columns": np.array([1e-9, 1.0, 1e9])}[kind]


KINDS = (
    "duplicates",
    "integers",
    "one_line",
    "zero_rows",
    "nearly_parallel",
    "more_columns",
    "tiny",
    "huge",
    "columns",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_no_direction_has_a_higher_price_than_the_bound(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu = awkward(kind, rng), rng.standard_normal(12)
    price = SpherePrice(X, nu, int(np.linalg.matrix_rank(X)))
    bounds = [price.price_bound]
    with in_force(Deadline.after(30.0)):
        bounds += [price.price_bound for _ in price.levels(0.0)]
    unit = float(np.abs(X).max())
    seen = max(climbed(X / unit, sign * nu, seed).max() for sign in (1.0, -1.0))
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] >= unit * (seen - rounding(X / unit, nu))
    assert bounds[-1] <= price.attained * (1.0 + 1e-6)


@pytest.mark.parametrize("r", [2, 3, 5])
def test_cones_cut_in_two_cover_what_they_were(r: int) -> None:
    rng = np.random.default_rng(r)
    rays = np.array([np.diag(s) for s in itertools.product((1.0, -1.0), repeat=r)])
    rows, signs = rng.standard_normal((10, r)), rng.choice([1.0, -1.0], 10)
    for _ in range(4):
        rays = halves(folded(rays, rows, signs, np.zeros(r), np.zeros(len(rays))))
    assert len(rays) == 2 ** (r + 4)
    points = rng.standard_normal((200, r))
    weights = np.linalg.solve(rays.transpose(0, 2, 1)[:, None], points[None, :, :, None])[..., 0]
    assert (weights.min(axis=2) >= -1e-9).any(axis=0).all()


def test_the_bound_of_a_cone_holds_on_all_of_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        r = int(rng.integers(2, 6))
        rays = rng.standard_normal((4, r, r)) + 2.0 * rng.standard_normal((4, 1, r))
        rays /= np.linalg.norm(rays, axis=2, keepdims=True)
        rows, signs = rng.standard_normal((8, r)), rng.choice([1.0, -1.0], 8)
        block = folded(rays, rows, signs, rng.standard_normal(r), np.full(4, np.inf))
        for level in (-np.inf, np.inf):
            looked, value, best = bounded(block, level)
            u = rng.exponential(size=(4, 500, r)) @ rays
            u /= np.linalg.norm(u, axis=2, keepdims=True)
            sums = u @ block.linear + np.maximum(u @ block.rows.T, 0.0) @ block.signs
            assert (sums.max(axis=1) <= looked.bounds + 1e-12).all()
            at_best = best @ block.linear + np.maximum(block.rows @ best, 0.0) @ block.signs
            assert value == pytest.approx(float(at_best), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_cones_closed_by_an_earlier_call_stay_in_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((10, 3)), rng.standard_normal(10)
    best = solved(X, nu).attained
    price = SpherePrice(X, nu, 3)
    # left after a level or two, when cones below what it wants are closed
    for _ in itertools.islice(price.levels(1.2 * best), 1 + seed % 2):
        pass
    for _ in price.levels(0.0):
        pass
    assert price.price_bound >= best


@pytest.mark.parametrize("x_unit", [1e-320, 1e-308, 1e-200, 1e-120])
@pytest.mark.parametrize("nu_unit", [1e-320, 1e-200, 1e-165, 1e-3, 1e150, 1e300])
@pytest.mark.parametrize("other", [0.0, 3.0])
def test_prices_of_few_digits_are_bounded(x_unit: float, nu_unit: float, other: float) -> None:
    # a row that counts for nothing sets the unit of the others
    X = np.array([[7.0 * x_unit, 0.0], [0.0, x_unit], [other, 0.0]])
    nu = np.array([nu_unit, -nu_unit, 0.0])
    price = SpherePrice(X, nu, 2)
    for _ in price.levels(0.0):
        pass
    assert Fraction(price.price_bound) >= Fraction(X[0, 0]) * Fraction(nu[0])


def test_a_price_that_is_high_enough_is_not_sought_closer() -> None:
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    best = highest(X, nu)
    fine, coarse = solved(X, nu, wanted=1.02 * best), solved(X, nu, wanted=2.0 * best)
    assert coarse.n_cones < fine.n_cones
    assert best <= fine.price_bound <= 1.02 * best * (1.0 + 1e-12)
    assert fine.price_bound <= coarse.price_bound <= 2.0 * best * (1.0 + 1e-12)


def test_an_interrupted_level_keeps_the_bound_of_the_one_before() -> None:
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((60, 5)), rng.standard_normal(60)
    price = SpherePrice(X, nu, 5)
    levels = price.levels(0.0)
    next(levels)
    before, n_open = price.price_bound, sum(block.count for block in price.blocks)
    with pytest.raises(OutOfTimeError), in_force(Deadline.after(-1.0)):
        next(levels)
    assert price.price_bound == before
    assert sum(block.count for block in price.blocks) == n_open
    best = highest(X, nu)
    for _ in price.levels(1.2 * best):
        pass
    assert best <= price.price_bound <= 1.2 * best * (1.0 + 1e-12)


def test_nothing_has_no_price() -> None:
    assert SpherePrice(np.zeros((3, 2)), np.ones(3), 0).price_bound == 0.0
    assert SpherePrice(np.ones((3, 2)), np.zeros(3), 1).price_bound == 0.0
