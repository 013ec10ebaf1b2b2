from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, random_program
from rational import dot, fractions

from relaxgap.certificates import feasible_dual
from relaxgap.certificates.all_patterns.lifted import (
    LiftedRelaxation,
    Lifting,
    Region,
    Units,
    price_bound,
    region_price_bound,
)
from relaxgap.certificates.all_patterns.lifted.layout import ACTIVE, INACTIVE, UNDECIDED
from relaxgap.certificates.all_patterns.lifted.price import largest_eigenpair
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.local_pricing import ascend
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.problems import relu_program

SEEDS = st.integers(0, 100_000)
N_EXACT = 3
"""Neurons per bound whose price is computed in exact arithmetic."""


def instance(seed: int) -> tuple[Dataset, float]:
    """Random and degenerate data of many shapes: n = 1, d = 1, n < d, rank deficient."""
    rng = np.random.default_rng(seed)
    n, d = 1 + int(rng.integers(6)), 1 + int(rng.integers(4))
    if seed % 3:
        program = degenerate_program(relu_program, seed, n, d)
    else:
        program = random_program(relu_program, n, d, seed, 10.0 ** rng.uniform(-4.0, 0.2))
    X = program.data.X
    if seed % 5 == 0:
        X = X[:, :1] @ rng.standard_normal((1, d)) * 10.0 ** rng.uniform(-20.0, 20.0)
    return Dataset(X, program.data.y), program.beta


def undecided(units: Units, sign: float = 1.0) -> Region:
    return Region(sign, np.full(units.samples.size, UNDECIDED, dtype=np.int8))


def parts_of(region: Region, rng: np.random.Generator, n_splits: int) -> Region:
    """A part of the region after some splits at random."""
    for sample in rng.permutation(region.activations.size)[:n_splits]:
        region = region.split(int(sample))[int(rng.integers(2))]
    return region


def neurons(
    rows: np.ndarray, nu: np.ndarray, rng: np.random.Generator, n_random: int = 100
) -> np.ndarray:
    """Directions of every kind: random, almost within few coordinates, local maxima and minima."""
    d = rows.shape[1]
    drawn = rng.standard_normal((n_random, d))
    skew = rng.standard_normal((40, d)) * 10.0 ** rng.uniform(-9.0, 9.0, d)
    tops = [ascend(rows, sign * nu, drawn[:20], 40)[0] for sign in (1.0, -1.0)]
    return np.concatenate([drawn, skew, *tops, np.eye(d), -np.eye(d)])


def holds_exactly(
    bound: float, region: Region, rows: np.ndarray, weights: np.ndarray, directions: np.ndarray
) -> bool:
    """Whether no neuron found inside the region has a price above the bound, in fractions."""
    kept = np.linalg.norm(directions, axis=1)
    directions = directions[kept > 0.0] / kept[kept > 0.0, None]
    heights = directions @ rows.T
    prices = region.sign * (np.maximum(heights, 0.0) @ weights)
    decided = np.where(region.activations == INACTIVE, -1.0, 1.0) * heights
    inside = np.all((region.activations == UNDECIDED) | (decided >= 0.0), axis=1)
    order = np.argsort(-np.where(inside, prices, -np.inf))[:N_EXACT]
    return all(
        _price_at_most(bound, region, rows, weights, directions[k]) for k in order if inside[k]
    )


def _price_at_most(
    bound: float, region: Region, rows: np.ndarray, weights: np.ndarray, direction: np.ndarray
) -> bool:
    if not np.isfinite(bound):
        return bound == np.inf
    u = fractions(direction)
    heights = [dot(fractions(row), u) for row in rows]
    sides = zip(heights, region.activations, strict=True)
    if any((a == ACTIVE and h < 0) or (a == INACTIVE and h > 0) for h, a in sides):
        return True  # rounding put it inside
    price = dot(fractions(region.sign * weights), [max(height, 0 * height) for height in heights])
    # price <= bound * |u|, by squares of either sign
    left, right = price * abs(price), fractions(np.array([bound]))[0]
    return left <= right * abs(right) * dot(u, u)


def check_every_kind_of_multipliers(seed: int) -> None:
    data, beta = instance(seed)
    units = Units.of(data, beta)
    if units is None:
        assert not np.any(data.y[np.any(data.X != 0.0, axis=1)])
        return
    rng = np.random.default_rng(seed)
    relaxation = LiftedRelaxation(data, units)
    for n_steps in (0, 1, 5, 50):
        relaxation.advance(n_steps - relaxation.n_steps)
        if n_steps == 5:
            relaxation.split()
        for given_region in relaxation.regions:
            own = given_region.relations(relaxation.residual)
            random_matrix = rng.standard_normal(own.shape)
            random_matrix += random_matrix.T
            for nu in (relaxation.residual, rng.standard_normal(units.y.size)):
                directions = neurons(units.weights[:, None] * units.rows, nu, rng)
                for multipliers in (
                    own,
                    own + 1e-3 * random_matrix,
                    0.0 * own,
                    1e8 * random_matrix,
                    -np.abs(random_matrix),
                ):
                    bound = region_price_bound(given_region.lifting, nu, multipliers)
                    region = given_region.lifting.region
                    weights = units.weights * nu
                    assert holds_exactly(bound, region, units.rows, weights, directions)


@pytest.mark.parametrize("seed", range(8))
def test_any_multipliers_bound_every_neuron_of_the_region(seed: int) -> None:
    check_every_kind_of_multipliers(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 48))
def test_any_multipliers_bound_every_neuron_of_the_region_on_many_instances(seed: int) -> None:
    check_every_kind_of_multipliers(seed)


@settings(max_examples=12)
@given(SEEDS, st.integers(0, 6))
def test_random_multipliers_bound_the_neurons_of_random_regions(seed: int, n_splits: int) -> None:
    data, beta = instance(seed)
    units = Units.of(data, beta)
    if units is not None:
        rng = np.random.default_rng(seed)
        region = parts_of(undecided(units, rng.choice([-1.0, 1.0])), rng, n_splits)
        lifting, nu = Lifting.of(region, units), rng.standard_normal(units.y.size)
        multipliers = rng.standard_normal((lifting.order, lifting.order))
        bound = region_price_bound(lifting, nu, multipliers + multipliers.T)
        # within cones of few neurons: those nearest to rows and between them
        directions = neurons(units.weights[:, None] * units.rows, nu, rng, 1000)
        assert holds_exactly(bound, region, units.rows, units.weights * nu, directions)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e160, -1e160, 1e300, -1e300])
def test_multipliers_that_are_no_numbers_prove_nothing_false(bad: float, whole: bool) -> None:
    data, beta = instance(3)
    units = Units.of(data, beta)
    assert units is not None
    lifting = Lifting.of(undecided(units), units)
    multipliers = np.zeros((lifting.order, lifting.order))
    multipliers[(slice(None),) * 2 if whole else ([-1, -2], [-2, -1])] = bad
    with np.errstate(all="ignore"):
        bound = region_price_bound(lifting, units.y, multipliers)
    directions = neurons(units.rows, units.y, np.random.default_rng(0))
    weights = units.weights * units.y
    assert holds_exactly(bound, lifting.region, units.rows, weights, directions)


@pytest.mark.parametrize("k", range(1, 60))
@pytest.mark.parametrize("spread", [1e-15, 1e-16])
def test_the_largest_eigenvalue_of_many_alike_is_found(k: int, spread: float) -> None:
    # of orthonormal columns, where LAPACK returns none
    matrix = np.eye(k) + spread * np.multiply.outer(np.arange(k), np.arange(k)) / k**2
    value, vector = largest_eigenpair(matrix)
    assert abs(value - 1.0) <= 1e-13
    assert np.linalg.norm(matrix @ vector - value * vector) <= 1e-13


@pytest.mark.parametrize("beta", [1.0, 1e-160, 1e-310, 5e-324])
@pytest.mark.parametrize("size", [0.0, 1e-310, 1e-160])
def test_multipliers_that_vanish_leave_a_bound(beta: float, size: float) -> None:
    given, _ = instance(3)
    units = Units.of(given, 0.1)
    assert units is not None
    lifting = Lifting.of(undecided(units), replace(units, beta=beta))
    bound = region_price_bound(lifting, 0.0 * units.y, np.full((lifting.order,) * 2, size))
    assert 0.0 <= bound <= 1e-6 * beta + 1e3 * size + 1e-300


@pytest.mark.parametrize("beta", [1e-15, 1e-60, 1e-200, 1e-310])
def test_steps_go_on_where_the_regularisation_is_below_single_precision(beta: float) -> None:
    data = random_program(relu_program, 40, 3, seed=0).data
    units = Units.of(data, beta)
    assert units is not None
    relaxation = LiftedRelaxation(data, units)
    for lifted in relaxation.regions:
        assert lifted.state.Y.dtype == np.float64
    relaxation.advance(25)
    nu, price = relaxation.price_bound()
    everywhere = Region(1.0, np.full(data.n, UNDECIDED, dtype=np.int8))
    directions = neurons(data.X, nu, np.random.default_rng(0))
    assert holds_exactly(price, everywhere, data.X, nu, directions)


def test_a_bound_that_is_too_low_is_found_out() -> None:
    program = random_program(relu_program, 5, 2, seed=0)
    units = Units.of(program.data, program.beta)
    assert units is not None
    region, weights = undecided(units), units.weights * units.y
    directions = neurons(units.weights[:, None] * units.rows, units.y, np.random.default_rng(0))
    heights = directions @ units.rows.T
    prices = np.maximum(heights, 0.0) @ weights / np.linalg.norm(directions, axis=1)
    largest = float(prices.max())
    low = largest - 1e-12 * abs(largest)
    assert holds_exactly(largest + 1e-12, region, units.rows, weights, directions)
    assert not holds_exactly(low, region, units.rows, weights, directions)


def check_the_price_in_the_datas_own_units(seed: int) -> None:
    data, beta = instance(seed)
    units = Units.of(data, beta)
    if units is None:
        return
    rng = np.random.default_rng(seed)
    relaxation = LiftedRelaxation(data, units)
    everywhere = Region(1.0, np.full(data.n, UNDECIDED, dtype=np.int8))
    for n_steps in (0, 3, 30):
        relaxation.advance(n_steps - relaxation.n_steps)
        relaxation.split()
        nu, price = relaxation.price_bound()
        other = nu.copy()
        other[units.samples] = units.label_unit * rng.standard_normal(units.samples.size)
        prices = [
            region_price_bound(
                region.lifting,
                other[units.samples] / units.label_unit,
                region.relations(relaxation.residual),
            )
            for region in relaxation.regions
        ]
        proven = price_bound(units, other[units.samples], np.array(prices))
        for point, bound in ((nu, price), (other, proven)):
            directions = neurons(data.X, point, rng)
            for sign in (1.0, -1.0):
                region = replace(everywhere, sign=sign)
                assert holds_exactly(bound, region, data.X, point, directions)


@pytest.mark.parametrize("seed", range(8))
def test_the_proven_price_holds_in_the_units_of_the_data(seed: int) -> None:
    check_the_price_in_the_datas_own_units(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 48))
def test_the_proven_price_holds_in_the_units_of_the_data_on_many_instances(seed: int) -> None:
    check_the_price_in_the_datas_own_units(seed)


@pytest.mark.parametrize("size", [1e-150, 1e-170, 1e-300])
def test_a_row_whose_squares_underflow_keeps_the_proven_price_valid(size: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4, 2))
    X[0] *= size
    data = Dataset(X, np.array([1e60, 1.0, -1.0, 2.0]))
    units = Units.of(data, 1e-120)
    assert units is not None
    relaxation = LiftedRelaxation(data, units)
    relaxation.advance(5)
    nu, price = relaxation.price_bound()
    assert np.isfinite(price)
    region = Region(1.0, np.full(4, UNDECIDED, dtype=np.int8))
    assert holds_exactly(price, region, X, nu, np.concatenate([neurons(X, nu, rng), X[:1] / size]))


def test_data_without_rows_or_labels_have_no_units() -> None:
    X = np.array([[1.0, 2.0], [0.0, 0.0]])
    assert Units.of(Dataset(0.0 * X, np.ones(2)), 0.1) is None
    assert Units.of(Dataset(X, np.zeros(2)), 0.1) is None
    assert Units.of(Dataset(X, np.array([0.0, 3.0])), 0.1) is None
    units = Units.of(Dataset(X, np.array([2.0, 3.0])), 0.1)
    assert units is not None
    assert units.samples.tolist() == [0]


@settings(max_examples=30)
@given(SEEDS, st.integers(0, 5))
def test_the_parts_of_a_region_cover_it(seed: int, n_splits: int) -> None:
    rng = np.random.default_rng(seed)
    n = 1 + n_splits + int(rng.integers(3))
    # integers put many neurons exactly on the boundary
    X = rng.integers(-2, 3, (n, 2)).astype(np.float64)
    region = parts_of(Region(-1.0, np.full(n, UNDECIDED, dtype=np.int8)), rng, n_splits)
    sample = int(rng.choice(np.flatnonzero(region.activations == UNDECIDED)))
    parts = region.split(sample)
    assert {part.sign for part in parts} == {region.sign}
    assert np.array_equal(
        np.delete(np.stack([part.activations for part in parts]), sample, axis=1),
        np.delete(np.stack([region.activations] * 2), sample, axis=1),
    )
    assert region.activations[sample] == UNDECIDED
    heights = rng.integers(-3, 4, (200, 2)) @ X.T

    def holds(neurons_of: Region) -> np.ndarray:
        active, inactive = (neurons_of.activations == side for side in (ACTIVE, INACTIVE))
        return np.all((heights[:, active] >= 0.0), 1) & np.all((heights[:, inactive] <= 0.0), 1)

    whole = holds(region)
    assert whole.any()
    assert np.array_equal(whole, holds(parts[0]) | holds(parts[1]))


def test_the_parts_price_no_higher_than_a_region_that_already_prices_below_beta() -> None:
    priced_below = 0
    for seed in range(4):
        program = random_program(relu_program, 4, 2, seed, 0.9)
        units = Units.of(program.data, program.beta)
        assert units is not None
        relaxation = LiftedRelaxation(program.data, units)
        relaxation.advance(50)
        nu = relaxation.residual
        for whole in relaxation.regions:
            relations = whole.relations(nu)
            bound = region_price_bound(whole.lifting, nu, relations)
            for sample in range(units.samples.size):
                liftings = [part.lifting for part in whole.split(sample)]
                kept = [whole.lifting.places_of(lifting) for lifting in liftings]
                active, inactive = (
                    region_price_bound(lifting, nu, relations[np.ix_(places, places)])
                    for lifting, places in zip(liftings, kept, strict=True)
                )
                assert inactive <= bound + 1e-12 * units.beta
                if bound <= units.beta:
                    priced_below += 1
                    assert active <= bound + 1e-12 * units.beta
    assert priced_below > 0


def lifted_optimum(data: Dataset, beta: float) -> float:
    """Solve the relaxation with all relations written out, by an interior-point method."""
    # it needs units of order one to reach its tolerance
    size, label = float(np.linalg.norm(data.X, 2)), float(np.linalg.norm(data.y))
    X, y = data.X / size, data.y / label
    inner = 1 + data.d
    # (alpha, u, a) to (alpha, u, a, b)
    preactivations = np.hstack([np.zeros((data.n, 1)), -X, np.eye(data.n)])
    embedding = np.vstack([np.eye(inner + data.n), preactivations])
    fit: cp.Expression | int = 0
    traces: cp.Expression | int = 0
    constraints = []
    for sign in (1.0, -1.0):
        matrix = cp.Variable((inner + data.n, inner + data.n), PSD=True)
        Z = embedding @ matrix @ embedding.T
        a, b = slice(inner, inner + data.n), slice(inner + data.n, None)
        constraints += [
            Z[inner:, inner:][np.triu_indices(2 * data.n)] >= 0.0,
            cp.diag(Z[a, b]) == 0.0,
            cp.norm(Z[1:inner, inner:], axis=0) <= Z[0, inner:],
        ]
        fit = fit + sign * Z[0, a]
        traces = traces + cp.trace(matrix[:inner, :inner])
    value = 0.5 * cp.sum_squares(fit - y) + 0.5 * beta / (size * label) * traces
    return label**2 * float(cp.Problem(cp.Minimize(value), constraints).solve(solver=cp.CLARABEL))


@pytest.mark.reference
@pytest.mark.parametrize("fraction", [0.9, 0.3])
@pytest.mark.parametrize("seed", range(8))
def test_the_converged_relaxation_is_that_of_an_interior_point_method(
    seed: int, fraction: float
) -> None:
    labels = ("noise", "signs", "planted")[seed % 3]
    n, d = 1 + seed % 6, 1 + seed % 3
    program = random_program(relu_program, n, d, seed, fraction, labels=labels)
    data, beta = program.data, program.beta
    units = Units.of(data, beta)
    assert units is not None
    expected = lifted_optimum(data, beta)
    relaxation = LiftedRelaxation(data, units)
    proven = 0.0
    while relaxation.n_steps < 40_000 and abs(relaxation.value - proven) > 1e-6 * proven:
        relaxation.advance(200)
        nu, price = relaxation.price_bound()
        proven = feasible_dual(data.y, nu, price, beta)[1]
        assert proven <= expected * (1.0 + 1e-6)
    assert relaxation.value == pytest.approx(expected, rel=1e-5)
    assert proven == pytest.approx(expected, rel=1e-5)


def test_a_step_ends_where_the_deadline_in_force_has_passed() -> None:
    program = random_program(relu_program, 5, 2, seed=0, fraction=0.1)
    units = Units.of(program.data, program.beta)
    assert units is not None
    relaxation = LiftedRelaxation(program.data, units)
    with in_force(Deadline(0.0)), pytest.raises(OutOfTimeError):
        relaxation.advance(1)
    assert relaxation.n_steps == 0


def test_a_proof_ends_where_the_deadline_in_force_has_passed() -> None:
    program = random_program(relu_program, 5, 2, seed=0, fraction=0.1)
    units = Units.of(program.data, program.beta)
    assert units is not None
    relaxation = LiftedRelaxation(program.data, units)
    relaxation.advance(1)
    with in_force(Deadline(0.0)), pytest.raises(OutOfTimeError):
        relaxation.price_bound()
