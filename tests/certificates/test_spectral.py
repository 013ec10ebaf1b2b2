import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, random_program
from rational import constraint_holds, fractions

from relaxgap.certificates.all_patterns.spectral import (
    SpectralMultipliers,
    spectral_price,
    spectral_price_bound,
)
from relaxgap.certificates.all_patterns.spectral.cones import Cones, inside, longest_step
from relaxgap.certificates.all_patterns.spectral.rows import starting_weight
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import enumerate_patterns
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems import relu_program

SEEDS = st.integers(0, 10_000)


def exact_price(X: np.ndarray, nu: np.ndarray) -> float:
    """The maximum over all directions, one projection for each pattern."""
    return max(
        float(np.linalg.norm(project_onto_cone(X, pattern, X.T @ (pattern * nu))[0]))
        for pattern in enumerate_patterns(X).patterns
    )


def climbed(X: np.ndarray, nu: np.ndarray, seed: int, n_starts: int = 300) -> np.ndarray:
    """Values at random directions and along an ascent from each of them."""
    u = np.random.default_rng(seed).standard_normal((n_starts, X.shape[1]))
    values = []
    for step in [0.0] + [0.5 * 0.93**k for k in range(60)]:
        gradient = ((u @ X.T > 0.0) * nu) @ X
        sizes = np.linalg.norm(gradient, axis=1, keepdims=True)
        u = u + step * np.divide(gradient, sizes, out=np.zeros_like(u), where=sizes > 0.0)
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        values.append(np.maximum(u @ X.T, 0.0) @ nu)
    return np.concatenate(values)


def rounding(X: np.ndarray, nu: np.ndarray) -> float:
    """Rounding of a value computed here; the bound's own has a test in exact arithmetic."""
    return 1e-14 * float(np.abs(nu) @ np.linalg.norm(X, axis=1))


def awkward_data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 40)), int(rng.integers(1, 12))
    X = rng.standard_normal((n, d))
    X = (
        X,
        X * 10.0 ** rng.uniform(-8.0, 8.0, (n, 1)),
        X[rng.integers(0, n, n)] * rng.choice([-1.0, 0.0, 1.0, 2.0], (n, 1)),
        rng.integers(-2, 3, (n, d)).astype(np.float64),
        X * 10.0 ** rng.uniform(-6.0, 6.0, d),
        X[:, :1] @ X[:1],
        X[:1] + 1e-9 * X,
        np.abs(X),
    )[seed % 8]
    nu = rng.standard_normal(n) * (rng.random(n) < rng.uniform(0.2, 1.0))
    return X, nu * 10.0 ** rng.uniform(-3.0, 3.0, n) if seed % 3 == 0 else nu


@pytest.mark.parametrize("seed", range(16))
def test_the_bound_is_above_every_direction_after_any_number_of_steps(seed: int) -> None:
    X, nu = awkward_data(seed)
    reached = climbed(X, nu, seed)
    for max_iterations in (0, 1, 3, 50):
        assert reached.max() <= spectral_price(X, nu, max_iterations).price_bound + rounding(X, nu)


@settings(max_examples=8)
@given(SEEDS, st.integers(1, 6), st.integers(1, 3))
def test_the_bound_is_above_the_maximum_over_all_patterns(seed: int, n: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    exact = exact_price(X, nu)
    assert spectral_price(X, nu).price_bound >= exact - rounding(X, nu)
    assert spectral_price(X, np.abs(nu)).price_bound <= 1.5 * exact_price(X, np.abs(nu))


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_solved_to_the_last_digit_holds_in_exact_arithmetic(seed: int) -> None:
    n, d = 1 + seed % 4, 1 + seed % 3
    for program in (
        degenerate_program(relu_program, seed, n, d),
        random_program(relu_program, n, d, seed),
    ):
        X, rng = program.data.X, np.random.default_rng(seed)
        for nu in (rng.standard_normal(n), np.abs(rng.standard_normal(n))):
            bound = spectral_price(X, nu, rtol=0.0).price_bound
            for pattern in program.patterns.patterns:
                if bound > 0.0:
                    limited = relu_program(program.data, program.patterns, bound)
                    assert constraint_holds(limited, nu, pattern, 1)
                else:
                    assert not any(fractions(X.T @ (pattern * np.maximum(nu, 0.0))))


@settings(max_examples=16)
@given(SEEDS)
def test_any_multipliers_prove_a_bound(seed: int) -> None:
    X, nu = awkward_data(seed)
    rng = np.random.default_rng(seed)
    solved = spectral_price(X, nu).multipliers
    odd = np.array([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-320, 1e300])
    weights = (
        solved.weights * rng.uniform(0.5, 2.0, nu.size),
        rng.exponential(size=nu.size) * 10.0 ** rng.uniform(-12.0, 3.0),
        rng.choice(odd, nu.size),
    )[seed % 3]
    slopes = (
        solved.slopes * rng.uniform(-1.0, 3.0, nu.size),
        nu * rng.standard_normal(nu.size),
        rng.choice(odd, nu.size),
    )[seed // 3 % 3]
    bound = spectral_price_bound(X, nu, SpectralMultipliers(weights, slopes))
    assert climbed(X, nu, seed, 50).max(initial=0.0) <= bound + rounding(X, nu)
    trivial = float(np.maximum(nu, 0.0) @ np.linalg.norm(X, axis=1))
    assert bound <= (1.0 + 1e-11) * trivial


@pytest.mark.parametrize("d", range(2, 60))
def test_orthonormal_rows_have_a_weight_to_start_with(d: int) -> None:
    # a reflection: LAPACK fails to find one alone of eigenvalues that are nearly the same
    assert starting_weight(np.eye(d) - 2.0 / d * np.ones((d, d))) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(12, 4), (6, 6), (5, 9)])
@pytest.mark.parametrize("seed", range(3))
def test_given_multipliers_bound_as_tightly_as_the_solve_that_found_them(
    seed: int, shape: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal(shape), rng.standard_normal(shape[0])
    price = spectral_price(X, nu)
    assert spectral_price_bound(X, nu, price.multipliers) == price.price_bound
    near = nu * (1.0 + 1e-3 * rng.standard_normal(shape[0]))
    assert spectral_price_bound(X, near, price.multipliers) <= 1.01 * price.price_bound


@settings(max_examples=8)
@given(SEEDS)
def test_one_feature_has_a_closed_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, nu = rng.standard_normal(6), rng.standard_normal(6)
    size = nu * np.abs(x)
    right, left = size[x > 0.0], size[x < 0.0]
    # at u = 0 the lifted square still lets every positive entry reach half its size
    expected = max(right.sum(), left.sum(), 0.5 * np.maximum(size, 0.0).sum())
    price = spectral_price(x[:, None], nu, rtol=1e-7)
    assert price.price_bound == pytest.approx(expected, rel=1e-6)
    alone = spectral_price(x[:, None], np.abs(nu), rtol=1e-7).price_bound
    assert alone == pytest.approx(exact_price(x[:, None], np.abs(nu)), rel=1e-6)


@settings(max_examples=6)
@given(SEEDS, st.integers(1, 5), st.integers(0, 3))
def test_the_bound_is_exact_for_orthogonal_rows(seed: int, n: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.uniform(-3.0, 3.0, n)
    X = sizes[:, None] * np.linalg.qr(rng.standard_normal((n + more, n)))[0].T
    nu = rng.standard_normal(n)
    expected = float(np.linalg.norm(sizes * np.maximum(nu, 0.0)))
    assert spectral_price(X, nu, rtol=1e-7).price_bound == pytest.approx(
        expected, rel=1e-6, abs=1e-12
    )


@settings(max_examples=8)
@given(SEEDS, st.integers(-200, 200), st.integers(-100, 100))
def test_powers_of_two_pass_through_unchanged(seed: int, of_nu: int, of_rows: int) -> None:
    X, nu = awkward_data(seed)
    powers = np.random.default_rng(seed).integers(-abs(of_rows), abs(of_rows) + 1, nu.size)
    scaled = spectral_price(np.ldexp(X, powers[:, None]), np.ldexp(nu, of_nu - powers))
    expected = np.ldexp(spectral_price(X, nu).price_bound, of_nu)
    assert scaled.price_bound == pytest.approx(expected, rel=1e-15)


@settings(max_examples=6)
@given(SEEDS)
def test_rotations_and_permutations_and_more_features_change_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((7, 4)), rng.standard_normal(7)
    order = rng.permutation(7)
    rotation = np.linalg.qr(rng.standard_normal((9, 4)))[0].T
    bound = spectral_price(X, nu, rtol=1e-8).price_bound
    other = spectral_price((X @ rotation)[order], 3.0 * nu[order], rtol=1e-8).price_bound
    assert other == pytest.approx(3.0 * bound, rel=1e-7)


def test_nothing_positive_has_no_price() -> None:
    X = np.random.default_rng(0).standard_normal((4, 3))
    for nu in (np.zeros(4), -np.ones(4)):
        assert spectral_price(X, nu).price_bound == 0.0
    assert spectral_price(np.zeros((4, 3)), np.ones(4)).price_bound == 0.0
    assert (
        spectral_price(np.vstack([X, 0.0 * X[:1]]), np.append(-np.ones(4), 1.0)).price_bound == 0.0
    )


def test_values_at_the_ends_of_the_floating_point_range_are_bounded() -> None:
    X = np.array([[1e-310, 0.0], [0.0, 1e300], [1e-300, 1e-300]])
    angles = np.linspace(0.0, 2.0 * np.pi, 1001)
    u = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for nu in (np.array([1e-10, 1e-300, 1.0]), np.array([1e300, 1e-320, -1e300])):
        bound = spectral_price(X, nu).price_bound
        largest = float((np.maximum(u @ X.T, 0.0) @ nu).max())
        assert largest <= bound <= 1.01 * largest
    assert spectral_price(X, np.array([0.0, 1e300, 0.0])).price_bound == np.inf
    assert spectral_price(X, np.array([0.0, np.nan, 0.0])).price_bound == np.inf
    assert (
        spectral_price_bound(
            np.full((1, 1), np.inf), np.ones(1), SpectralMultipliers(np.ones(1), np.ones(1))
        )
        == np.inf
    )


@pytest.mark.parametrize("size", [1e3, 1e9, 1e40, 1e200])
def test_huge_negative_entries_do_not_spoil_the_bound_of_the_others(size: float) -> None:
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((8, 6)), np.abs(rng.standard_normal(8))
    nu[:2] *= -size
    # as the size grows the two rows leave only directions that make them inactive
    limit = spectral_price(X, np.where(nu < 0.0, 1e3 * nu, nu), rtol=1e-7).price_bound
    assert spectral_price(X, nu, rtol=1e-7).price_bound == pytest.approx(limit, rel=1e-3)


def test_a_time_limit_stops_the_solve_with_a_valid_bound() -> None:
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((30, 10)), rng.standard_normal(30)
    stopped, full = (
        spectral_price(X, nu, deadline=Deadline.after(0.0)).price_bound,
        spectral_price(X, nu).price_bound,
    )
    assert full < stopped
    assert climbed(X, nu, 0).max() <= stopped


@pytest.mark.parametrize("k", [5, 140])
@pytest.mark.parametrize("seed", range(4))
def test_a_step_ends_just_inside_its_cones(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    root, change = rng.standard_normal((2, k, k))
    nothing = np.zeros((0, 2, 2)), np.zeros(0), np.zeros(0), np.zeros(0)
    element = Cones(root @ root.T + 1e-3 * np.eye(k), *nothing)
    step = Cones(change + change.T, *nothing)
    length = longest_step(element, step, np.linalg.cholesky(element.matrix))
    assert inside([element.moved(step, length * (1.0 - 1e-9))])
    assert not inside([element.moved(step, 1.05 * length)])


@pytest.mark.reference
@pytest.mark.parametrize("shape", [(12, 4), (10, 10), (6, 9)])
@pytest.mark.parametrize("seed", range(3))
def test_the_least_bound_is_the_semidefinite_relaxation(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal(shape), rng.standard_normal(shape[0])
    lifted = cp.Variable((shape[1] + 1, shape[1] + 1), PSD=True)
    linear = X @ lifted[0, 1:]
    square = cp.sum(cp.multiply(X @ lifted[1:, 1:], X), axis=1)
    value = np.maximum(nu, 0.0) @ (0.5 * (linear + cp.sqrt(square)))
    value -= np.maximum(-nu, 0.0) @ cp.pos(linear)
    problem = cp.Problem(cp.Maximize(value), [lifted[0, 0] == 1, cp.trace(lifted[1:, 1:]) <= 1])
    problem.solve(solver=cp.CLARABEL)
    assert spectral_price(X, nu, rtol=1e-8).price_bound == pytest.approx(problem.value, rel=1e-6)
