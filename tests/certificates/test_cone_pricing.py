import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, random_program
from rational import constraint_holds, fractions

from relaxgap.certificates.prices.cones import (
    SIGNS,
    best_blocks,
    bound_cone_prices,
    price_exactly,
    refine_cone_prices,
)
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems import Program, relu_program

SEEDS = st.integers(0, 10_000)


def exact_prices(program: Program, nu: np.ndarray) -> np.ndarray:
    """Prices by one projection each, without the rounding allowance."""
    X = program.data.X
    return np.array(
        [
            [
                np.linalg.norm(project_onto_cone(X, pattern, sign * (X.T @ (pattern * nu)))[0])
                for pattern in program.patterns.patterns
            ]
            for sign in SIGNS
        ]
    )


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 6))
def test_bounds_are_above_the_exact_prices_for_any_number_of_sweeps(seed: int, sweeps: int) -> None:
    program = random_program(relu_program, 5, 1 + seed % 3, seed)
    nu = np.random.default_rng(seed).standard_normal(5)
    bounds = bound_cone_prices(program.data.X, program.patterns, nu, 0.0, sweeps).bounds
    assert np.all(bounds >= exact_prices(program, nu) * (1.0 - 1e-12))


@settings(max_examples=40)
@given(SEEDS)
def test_bounds_are_above_every_direction_sampled_in_the_cone(seed: int) -> None:
    program = random_program(relu_program, 5, 2, seed)
    rng = np.random.default_rng(seed)
    X, nu = program.data.X, rng.standard_normal(5)
    u = rng.standard_normal((2000, 2))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    reached = np.maximum(u @ X.T, 0.0) @ nu
    active = u @ X.T >= 0.0
    bounds = bound_cone_prices(X, program.patterns, nu, 0.0).bounds
    for i, pattern in enumerate(program.patterns.patterns):
        inside = np.all(active == pattern, axis=1)
        for k, sign in enumerate(SIGNS):
            assert np.all(sign * reached[inside] <= bounds[k, i])


@pytest.mark.parametrize("seed", range(12))
def test_bounds_hold_in_exact_arithmetic_on_degenerate_data(seed: int) -> None:
    program = degenerate_program(relu_program, seed, n=4, d=2)
    nu = np.random.default_rng(seed).standard_normal(4)
    bounds = bound_cone_prices(program.data.X, program.patterns, nu, 0.0).bounds
    for i, pattern in enumerate(program.patterns.patterns):
        for k, sign in enumerate((1, -1)):
            if bounds[k, i] > 0.0:
                limited = relu_program(program.data, program.patterns, float(bounds[k, i]))
                assert constraint_holds(limited, nu, pattern, sign)
            else:
                assert not any(fractions(program.data.X.T @ (pattern * nu)))


@settings(max_examples=40)
@given(SEEDS)
def test_more_sweeps_never_loosen_a_bound_beyond_its_rounding(seed: int) -> None:
    program = random_program(relu_program, 5, 3, seed)
    nu = np.random.default_rng(seed).standard_normal(5)
    few, many = (
        bound_cone_prices(program.data.X, program.patterns, nu, 0.0, sweeps).bounds
        for sweeps in (1, 8)
    )
    assert np.all(many <= few + 1e-12 * few.max())


@settings(max_examples=40)
@given(SEEDS)
def test_the_largest_refined_price_is_exact(seed: int) -> None:
    program = random_program(relu_program, 6, 3, seed)
    X, nu = program.data.X, np.random.default_rng(seed).standard_normal(6)
    loose = bound_cone_prices(X, program.patterns, nu, 0.0, n_sweeps=1)
    refined = refine_cone_prices(X, program.patterns, nu, loose)
    largest = exact_prices(program, nu).max()
    assert refined.largest == pytest.approx(largest, rel=1e-11)
    assert refined.largest >= largest * (1.0 - 1e-14)
    assert np.all(refined.bounds <= loose.bounds)


@settings(max_examples=40)
@given(SEEDS)
def test_the_threshold_leaves_no_price_above_it_underestimated(seed: int) -> None:
    program = random_program(relu_program, 6, 3, seed)
    X, nu = program.data.X, np.random.default_rng(seed).standard_normal(6)
    prices = exact_prices(program, nu)
    threshold = float(np.median(prices))
    bounds = bound_cone_prices(X, program.patterns, nu, threshold).bounds
    above = prices > threshold * (1.0 + 1e-12)
    assert np.all(bounds[above] >= prices[above] * (1.0 - 1e-12))


def test_the_price_is_attained_by_its_direction() -> None:
    program = random_program(relu_program, 6, 3, seed=1)
    X, nu = program.data.X, np.random.default_rng(1).standard_normal(6)
    prices = exact_prices(program, nu)
    k, i = np.unravel_index(int(prices.argmax()), prices.shape)
    block = price_exactly(X, program.patterns, nu, SIGNS[k], int(i))
    assert np.linalg.norm(block.direction) == pytest.approx(1.0)
    reached = SIGNS[k] * float(nu @ np.maximum(X @ block.direction, 0.0))
    assert reached == pytest.approx(block.price, rel=1e-12)
    assert reached <= block.price


def test_the_best_blocks_start_with_the_largest_price_and_are_well_separated() -> None:
    program = random_program(relu_program, 8, 3, seed=2)
    X, nu = program.data.X, np.random.default_rng(2).standard_normal(8)
    loose = bound_cone_prices(X, program.patterns, nu, 0.0)
    blocks = best_blocks(X, program.patterns, nu, loose, n_blocks=5)
    assert blocks[0].price == pytest.approx(exact_prices(program, nu).max(), rel=1e-11)
    assert [b.price for b in blocks] == sorted((b.price for b in blocks), reverse=True)
    for j, block in enumerate(blocks):
        for other in blocks[:j]:
            assert block.sign != other.sign or block.direction @ other.direction < 1.0 - 1e-6


def test_a_zero_dual_point_has_zero_prices() -> None:
    program = random_program(relu_program, 4, 2, seed=3)
    prices = bound_cone_prices(program.data.X, program.patterns, np.zeros(4), 0.0)
    assert prices.largest == 0.0
