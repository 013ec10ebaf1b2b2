from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from continua import CONTINUA
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.certificates.prices.cones import price_exactly
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks.optimal_set.exact import rank_of, solve
from relaxgap.networks.optimal_set.known_optimum import (
    known_optimum,
    of_dual_point,
    refuse_several_fits,
)
from relaxgap.networks.optimal_set.linear_part import opposite_pairs
from relaxgap.networks.optimal_set.long_numbers import LongPoint, dual_point
from relaxgap.networks.optimal_set.outer_bounds import OuterBounds
from relaxgap.networks.optimal_set.priced_cells import cells_at, price_cells
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.optimal_set.tight_neurons import TightNeurons
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems.losses import HINGE, LOGISTIC, SQUARED


def gaussian(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_cell_s_price_is_between_its_ends_and_its_direction_attains_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    X = rng.integers(-3, 4, (n, d)).astype(float) if seed % 2 else rng.standard_normal((n, d))
    nu = rng.standard_normal(n)
    patterns = enumerate_patterns(X)
    cells = price_cells(X, patterns, nu, -1.0)
    assert cells.n_cells == 2 * patterns.n_patterns
    for k in range(cells.n_cells):
        index, sign = int(cells.pattern[k]), float(cells.sign[k])
        reference = price_exactly(X, patterns, nu, sign, index).price
        assert cells.price_low[k] <= reference
        assert cells.price_high[k] <= reference * (1.0 + 1e-12) + 1e-12
        if cells.price_low[k] > 1e-9:
            u, bits = cells.direction[k], patterns.unpack(np.array([index]))[0]
            attained = sign * float(nu @ np.maximum(X @ u, 0.0))
            # rounding moves it inwards, which in a narrow cone is far
            assert attained == pytest.approx(cells.price_low[k], rel=1e-12, abs=1e-13)
            assert np.all(np.where(bits, 1.0, -1.0) * (X @ u) >= -1e-14 * np.abs(X).max())
            assert cells.doubt[k] <= 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_projections_move_by_no_more_than_the_reach(seed: int) -> None:
    data, rng = gaussian(7, 3, seed), np.random.default_rng(seed)
    patterns = enumerate_patterns(data.X)
    nu = rng.standard_normal(7)
    moved = nu + 1e-3 * rng.standard_normal(7)
    radius = float(np.linalg.norm(moved - nu))
    before = price_cells(data.X, patterns, nu, -1.0)
    after = cells_at(data.X, patterns, moved, before.pattern, before.sign)
    for k in range(before.n_cells):
        room = before.doubt[k] + after.doubt[k] + before.reach[k] * radius
        off = before.price_low[k] * before.direction[k] - after.price_low[k] * after.direction[k]
        assert np.linalg.norm(off) <= room + 1e-9


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [2, 3])
def test_directions_on_a_ray_stay_while_the_dual_point_moves_less_than_the_room(
    d: int, seed: int
) -> None:
    data, rng = gaussian(7, d, seed), np.random.default_rng(seed)
    patterns = enumerate_patterns(data.X)
    cells = price_cells(data.X, patterns, data.y, -1.0)
    on_ray = np.flatnonzero(cells.ray_radius > 0.0)
    assert on_ray.size > 0
    for _ in range(20):
        k = int(rng.choice(on_ray))
        moved = rng.standard_normal(7)
        moved *= 0.999 * cells.ray_radius[k] / np.linalg.norm(moved)
        there = cells_at(data.X, patterns, data.y + moved, cells.pattern[[k]], cells.sign[[k]])
        apart = np.linalg.norm(there.direction[0] - cells.direction[k])
        assert apart <= cells.ray_error[k] + there.ray_error[0] <= 1e-12
        errors = cells.direction_errors(float(cells.price_high.max()), 0.999 * cells.ray_radius[k])
        assert errors[k] == cells.ray_error[k]


@pytest.mark.parametrize("loss", [SQUARED, LOGISTIC], ids=lambda loss: loss.name)
@pytest.mark.parametrize("seed", range(3))
def test_the_radius_of_bad_networks_and_dual_points_covers_the_optimum_too(
    loss: object, seed: int
) -> None:
    assert loss in (SQUARED, LOGISTIC)
    of_fit = SQUARED if loss is SQUARED else LOGISTIC
    data, rng = gaussian(6, 2, seed), np.random.default_rng(seed)
    if of_fit is LOGISTIC:
        data = Dataset(data.X, np.sign(data.y))
    found = optimal_set(data.X, data.y, beta_fraction=0.1, loss=of_fit.name)
    best = found.description.known
    patterns = enumerate_patterns(data.X)
    for size in (1e-6, 1e-3, 0.3):
        nu = best.nu + size * np.abs(best.nu).max() * rng.standard_normal(6)
        if of_fit is LOGISTIC:
            nu = data.y * np.clip(data.y * nu, 1e-9, 1.0 - 1e-9)
        blocks = found.smallest.hidden * np.abs(found.smallest.output)[:, None]
        blocks = (1.0 + size * rng.standard_normal()) * blocks
        point = LongPoint(blocks, np.sign(found.smallest.output), nu)
        largest = float(price_cells(data.X, patterns, nu, -1.0).price_high.max())
        known = known_optimum(Problem(data, found.beta, of_fit), point, largest)
        assert np.linalg.norm(nu - best.nu) <= known.radius + best.radius
        assert np.all(np.abs(nu - best.nu) <= known.errors + best.errors)
        assert np.linalg.norm(known.fit - best.fit) <= known.fit_radius + best.fit_radius
        assert known.total_low <= best.total_high
        assert best.total_low <= known.total_high


HUGE_MARGINS = (
    [[-3.4, -0.7], [-0.5, 1.2], [-0.8, -0.5]],
    [1.0, -1.0, 1.0],
)


def test_an_infinite_radius_bounds_nothing() -> None:
    """Infinity times nothing is no number, which a maximum with zero turns into zero."""
    data = Dataset(np.array(HUGE_MARGINS[0]), np.array(HUGE_MARGINS[1]))
    found = optimal_set(data.X, data.y, beta_fraction=0.1, loss="logistic")
    neurons = found.description.neurons
    far = np.full(3, np.inf)
    known = of_dual_point(Problem(data, found.beta, LOGISTIC), 0.5 * data.y, far, np.inf)
    assert (known.total_low, known.total_high, known.fit_radius) == (0.0, np.inf, np.inf)
    bounds = OuterBounds(neurons, known)
    none, unit = np.zeros(neurons.n_neurons), np.eye(neurons.n_neurons)[0]
    assert bounds.below(none, none, np.zeros((0, 3))) == 0.0
    assert bounds.below(unit, none, np.zeros((0, 3))) <= 0.0
    assert bounds.below(-unit, none, np.ones((1, 3))) == -np.inf
    cells = found.description.cells
    reach = cells.reach.copy()
    reach[0] = 0.0
    still = replace(cells, reach=reach)
    assert np.all(still.possibly_tight(found.beta, np.inf))
    assert np.all(still.direction_errors(found.beta, np.inf)[1:] == 2.0)
    assert still.direction_errors(found.beta, np.inf)[0] <= 2.0
    # nothing is known of a vector as long as its doubt
    unknown = replace(cells, doubt=cells.price_low)
    assert np.all(unknown.direction_errors(found.beta, 0.0) == 2.0)


def test_a_network_whose_total_weight_is_unknown_bounds_nothing() -> None:
    data = Dataset(np.array(HUGE_MARGINS[0]), np.array(HUGE_MARGINS[1]))
    patterns = enumerate_patterns(data.X)
    nu = np.array([1.5, -0.2, 0.2])
    no_network = LongPoint(np.zeros((0, 2)), np.zeros(0), nu)
    known = known_optimum(Problem(data, 0.1, LOGISTIC), no_network, 0.05, 0.0)
    assert (known.radius, known.total_high) == (np.inf, np.inf)
    nothing = LongPoint(np.full((1, 2), np.nan), np.ones(1), np.array([0.5, -0.2, 0.2]))
    assert known_optimum(Problem(data, 0.1, LOGISTIC), nothing, 0.05).radius == np.inf
    assert known_optimum(Problem(data, 0.1, SQUARED), nothing, 0.05).radius == np.inf
    assert patterns.complete


@pytest.mark.parametrize("margin", [10.0, 40.0, 300.0])
def test_the_share_of_a_sample_that_is_fitted_by_far_is_known_to_its_own_digits(
    margin: float,
) -> None:
    data = Dataset(np.array([[1.0]]), np.array([1.0]))
    share = 1.0 / (1.0 + np.exp(np.longdouble(margin)))
    # of this strength it is the optimal dual point
    beta = float(share)
    point = LongPoint(np.array([[margin]]), np.ones(1), np.array([share]))
    known = known_optimum(Problem(data, beta, LOGISTIC), point, beta)
    assert known.errors[0] <= 1e-6 * beta
    assert known.total_low <= margin <= known.total_high
    assert abs(known.fit[0] - margin) <= known.fit_radius <= 1e-5
    # and of a worse network it is covered
    for scale in (0.99, 1.01):
        worse = LongPoint(np.array([[scale * margin]]), np.ones(1), np.array([share]))
        wider = known_optimum(Problem(data, beta, LOGISTIC), worse, beta)
        assert wider.radius >= known.radius
        assert wider.total_low <= margin <= wider.total_high


def test_a_margin_beyond_the_range_leaves_a_dual_point_of_zero() -> None:
    fit, y = np.array([1e30, 1e30], dtype=np.longdouble), np.array([1.0, -1.0])
    with np.errstate(over="raise"):
        assert dual_point(LOGISTIC, fit, y).tolist() == [0.0, -1.0]


def neurons_of(angles: list[float], error: float) -> TightNeurons:
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    k = len(angles)
    some, count = np.full(k, error), np.ones(k, dtype=np.intp)
    return TightNeurons(directions, np.ones(k), some, directions.T, 0.0 * some, some, count, count)


def test_a_neuron_whose_opposite_has_another_one_proves_nothing() -> None:
    pairs = opposite_pairs(neurons_of([0.0, 1.0, np.pi, 1.0 + np.pi, 2.0], 1e-9))
    assert pairs is not None
    assert pairs.tolist() == [0, 1]
    assert opposite_pairs(neurons_of([0.0, np.pi, 1e-6], 1e-5)) is None
    assert opposite_pairs(neurons_of([0.0, 1e-6, np.pi], 1e-5)) is None
    assert opposite_pairs(neurons_of([0.0, np.pi], 1.0)) is None


@cache
def never_alone() -> OptimalSet:
    made = CONTINUA["never_alone"]
    return optimal_set(made.X, made.y, beta=made.beta)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_no_multipliers_prove_more_than_what_an_optimal_network_has(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = never_alone()
    assert found.exact is not None
    # weights of the exact vertices, in the order of the neurons described
    units = np.array([[float(x) / 2.0 for x in v] for v in found.exact.directions])
    order = [
        int(np.argmin(np.linalg.norm(units - u, axis=1)))
        for u in found.description.neurons.directions
    ]
    vertices = np.array([[float(c) for c in v] for v in found.exact.vertices])[:, order]
    bounds = OuterBounds(found.description.neurons, found.description.known)
    g = rng.standard_normal(3)
    multipliers = rng.standard_normal((4, 2)) * 10.0 ** rng.integers(-3, 6, (4, 1))
    proven = bounds.below(g, np.zeros(3), multipliers)
    assert proven <= float((vertices @ g).min())


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_the_lasso_meets_its_optimality_conditions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 7)), int(rng.integers(0, 9))
    A = rng.standard_normal((n, k))
    if k > 1:
        # a column twice, and a sum of two
        A[:, 1] = A[:, 0]
        A[:, -1] = A[:, 0] + A[:, k // 2]
    y, beta = rng.standard_normal(n), 0.2
    c = nonnegative_lasso(A, y, beta)
    slopes = A.T @ (y - A @ c) - beta
    assert np.all(c >= 0.0)
    assert np.all(slopes <= 1e-10)
    assert np.all(np.abs(slopes[c > 0.0]) <= 1e-10)


def test_the_lasso_of_few_columns_is_the_best_of_all_active_sets() -> None:
    rng = np.random.default_rng(3)
    A, y, beta = rng.standard_normal((6, 4)), rng.standard_normal(6), 0.3
    values = [0.5 * float(y @ y)]
    for size in range(1, 5):
        for rows in map(list, combinations(range(4), size)):
            some = A[:, rows]
            c = np.linalg.solve(some.T @ some, some.T @ y - beta)
            if np.all(c >= 0.0):
                values.append(0.5 * float(np.sum((y - some @ c) ** 2)) + beta * float(c.sum()))
    c = nonnegative_lasso(A, y, beta)
    value = 0.5 * float(np.sum((y - A @ c) ** 2)) + beta * float(c.sum())
    assert value == pytest.approx(min(values), rel=1e-14)


def test_fractions_are_solved_and_ranked_exactly() -> None:
    one, two, half = Fraction(1), Fraction(2), Fraction(1, 2)
    assert solve([(one, two), (two, one)], (one, one)) == (Fraction(1, 3), Fraction(1, 3))
    assert solve([(one, two), (half, one)], (one, one)) is None
    assert rank_of([(one, two), (half, one)]) == 1
    assert rank_of([(one, two), (two, one), (half, half)]) == 2
    assert rank_of([]) == 0


def test_the_hinge_loss_has_no_one_fit() -> None:
    with pytest.raises(ConfigurationError, match="Expected a loss with one optimal fit"):
        refuse_several_fits(HINGE)


@pytest.mark.parametrize("seed", range(4))
def test_a_neuron_on_the_boundary_of_cells_is_counted_once(seed: int) -> None:
    data = gaussian(10, 4, seed)
    found = optimal_set(data.X, data.y, beta_fraction=0.1)
    neurons = found.description.neurons
    assert int(neurons.n_cells.sum()) == found.cells_possibly_tight
    for unit, sign, n_cells in zip(neurons.directions, neurons.signs, neurons.n_cells, strict=True):
        on_boundary = np.abs(data.X @ unit) <= 1e-9 * np.abs(data.X).max()
        assert n_cells == 2 ** int(on_boundary.sum())
        # a kink that a maximiser sits on falls on both sides
        assert np.all(sign * found.description.nu[on_boundary] < 0.0)
