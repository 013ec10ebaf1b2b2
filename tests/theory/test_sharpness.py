"""Certified ends of the sharpness against a conic solver, a closed form and each other."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Float64

from relaxgap.theory.sharpness import cone_sharpness
from relaxgap.theory.sharpness.all_directions import (
    all_directions_bound,
    bounded_width,
    cone_width,
)
from relaxgap.theory.sharpness.least_norm import least_norm_above, margin_bound, proposition_6
from relaxgap.theory.sharpness.worst_direction import ascend

Matrix = Float64[np.ndarray, "k d"]


def drawn(seed: int, n: int, d: int, n_cones: int) -> tuple[Matrix, Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((n, d)),
        rng.standard_normal((n_cones, d)),
        rng.standard_normal((n_cones, d)),
    )


def by_a_conic_solver(X: Matrix, gate: Matrix, z: Matrix) -> float:
    signs = np.where(X @ gate >= 0.0, 1.0, -1.0)
    A = signs[:, None] * X / np.linalg.norm(X, axis=1, keepdims=True)
    u, unit = cp.Variable(X.shape[1]), z / np.linalg.norm(z)
    objective = cp.Minimize(cp.norm(u) + cp.norm(u - unit))
    return float(cp.Problem(objective, [A @ u >= 0.0, A @ (u - unit) >= 0.0]).solve("CLARABEL"))


@pytest.mark.parametrize("angle", [0.01, 0.5, 2.0, 3.0])
def test_a_plane_cone_has_its_closed_form(angle: float) -> None:
    half = 0.5 * angle
    X = np.array([[np.sin(half), np.cos(half)], [np.sin(half), -np.cos(half)]])
    found = cone_sharpness(X, np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]]), rtol=1e-8)
    assert found.lower[0] <= 1.0 / np.sin(half) <= found.upper[0]
    assert found.upper[0] <= found.lower[0] * (1.0 + 1e-8)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (3, 1), (6, 9), (20, 3), (30, 15)])
def test_a_conic_solver_is_between_the_ends(n: int, d: int) -> None:
    X, gates, z = drawn(n, n, d, 4)
    found = cone_sharpness(X, gates, z)
    values = [by_a_conic_solver(X, gate, one) for gate, one in zip(gates, z, strict=True)]
    assert np.all(found.lower <= np.array(values) * (1.0 + 1e-6))
    assert np.all(found.upper >= np.array(values) * (1.0 - 1e-6))
    assert np.all(found.upper <= found.lower * (1.0 + 1e-4))


@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 8), st.integers(-8, 8))
def test_the_ends_are_proven_by_their_points(seed: int, n: int, d: int, power: int) -> None:
    X, gates, z = drawn(seed, n, d, 3)
    X *= 10.0 ** (power * np.random.default_rng(seed).random((n, 1)))
    X[n // 2 :: 5] = X[0]
    found = cone_sharpness(X, gates, z)
    units = z / np.linalg.norm(z, axis=1, keepdims=True)
    rows = X / np.linalg.norm(X, axis=1, keepdims=True)
    signs = np.where(gates @ X.T >= 0.0, 1.0, -1.0)
    for part in (found.points, found.points - units):
        assert np.all(signs * (part @ rows.T) >= -1e-14)
    lengths = sum(np.linalg.norm(part, axis=1) for part in (found.points, found.points - units))
    assert np.all(lengths <= found.upper)
    assert np.all(found.lower <= found.upper)
    assert np.all(found.lower >= 1.0)
    np.testing.assert_allclose(found.upper, found.lower, rtol=1e-3)


def test_a_direction_inside_needs_one_part() -> None:
    X, gates, _ = drawn(0, 12, 5, 6)
    for z in (gates, -gates):
        found = cone_sharpness(X, gates, z)
        np.testing.assert_allclose(found.upper, 1.0, rtol=1e-9)


def test_cones_without_rows_and_no_cones_at_all() -> None:
    found = cone_sharpness(np.zeros((2, 3)), np.eye(3), np.eye(3))
    np.testing.assert_allclose(found.upper, 1.0)
    assert cone_sharpness(np.eye(2), np.zeros((0, 2)), np.zeros((0, 2))).lower.size == 0


def test_the_ascent_rises_and_its_normal_proves_a_sharper_direction() -> None:
    X, gates, z = drawn(3, 24, 12, 8)
    before = cone_sharpness(X, gates, z)
    lengths = np.linalg.norm(before.normals, axis=1)
    assert np.all(lengths >= before.lower * (1.0 - 1e-4))
    better = cone_sharpness(X, gates, before.normals)
    assert np.all(better.upper >= lengths * (1.0 - 1e-4))
    directions, worst = ascend(X, gates, z)
    assert np.all(worst.lower >= before.lower)
    again = cone_sharpness(X, gates, directions)
    np.testing.assert_allclose(again.upper, worst.upper, rtol=2e-4)


def test_proposition_6_is_above_and_the_margin_above_that() -> None:
    X, gates, z = drawn(5, 20, 8, 6)
    found = cone_sharpness(X, gates, z)
    for k, gate in enumerate(gates):
        one = proposition_6(X, gate, z[k])
        assert found.lower[k] <= one <= margin_bound(X, gate)


def test_no_vector_is_above_a_floor_that_two_opposite_rows_share() -> None:
    A = np.array([[1.0, 0.0], [-1.0, 0.0]])
    found = least_norm_above(A, np.ones(2))
    assert found.upper == np.inf
    assert found.lower > 1e6


@pytest.mark.parametrize(("n", "d"), [(6, 3), (12, 12), (20, 10), (30, 8)])
def test_no_direction_is_above_the_bound_for_all(n: int, d: int) -> None:
    X, gates, _starts = drawn(n, n, d, 1)
    width = cone_width(X, gates[0], np.random.default_rng(0))
    assert 0.0 < width.lower <= width.upper <= width.lower * 1.01
    bound = all_directions_bound(X, width)
    some = np.random.default_rng(1).standard_normal((60, d))
    repeated = np.repeat(gates, 60, axis=0)
    assert ascend(X, repeated, some)[1].upper.max() <= bound


def degenerate(kind: str) -> Matrix:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10, 5))
    match kind:
        case "duplicate rows":
            X[5:] = X[:5]
        case "opposite rows":
            X[5:] = -X[:5] * rng.uniform(0.1, 10.0, (5, 1))
        case "rank two":
            X = X[:, :2] @ rng.standard_normal((2, 5))
        case "badly scaled columns":
            X *= 10.0 ** rng.uniform(-6.0, 6.0, 5)
        case "zero rows":
            X[::3] = 0.0
    return X


@pytest.mark.parametrize(
    "kind",
    ["duplicate rows", "opposite rows", "rank two", "badly scaled columns", "zero rows"],
)
def test_no_direction_is_above_the_bound_for_all_on_degenerate_data(kind: str) -> None:
    X, rng = degenerate(kind), np.random.default_rng(1)
    gate = rng.standard_normal(5)
    bound = all_directions_bound(X, cone_width(X, gate, rng, 1e-2))
    starts = np.vstack([rng.standard_normal((12, 5)), X[1:4]])
    starts = starts[np.any(starts != 0.0, axis=1)]
    _, worst = ascend(X, np.repeat(gate[None], len(starts), axis=0), starts)
    assert worst.upper.max() <= bound < np.inf


def test_rows_of_very_different_lengths_have_the_bound_of_their_directions() -> None:
    X, gates, _ = drawn(3, 10, 5, 1)
    scaled = X * 10.0 ** np.linspace(-9.0, 9.0, 10)[:, None]
    width, bound = bounded_width(scaled, gates[0], np.random.default_rng(1))
    assert width.lower == 0.0
    starts = np.random.default_rng(2).standard_normal((12, 5))
    worst = ascend(scaled, np.repeat(gates, 12, axis=0), starts)[1].upper.max()
    assert 1.0 < worst <= bound < 100.0
    plain = bounded_width(X, gates[0], np.random.default_rng(1))
    assert plain[1] == all_directions_bound(X, plain[0])


def test_the_width_is_the_least_over_nonnegative_unit_vectors() -> None:
    X, gates, _ = drawn(2, 3, 3, 1)
    signs = np.where(X @ gates[0] >= 0.0, 1.0, -1.0)
    grid = np.abs(np.random.default_rng(0).standard_normal((200_000, 3)))
    grid /= np.linalg.norm(grid, axis=1, keepdims=True)
    least = np.linalg.norm(grid @ (signs[:, None] * X), axis=1).min()
    width = cone_width(X, gates[0], np.random.default_rng(0))
    assert width.lower <= least
    assert width.upper == pytest.approx(least, rel=5e-3)


def test_a_gate_on_a_hyperplane_up_to_rounding_has_one_cone_everywhere() -> None:
    for seed in range(30):
        X, gates, z = drawn(seed, 8, 4, 1)
        gate = gates[0] - (gates[0] @ X[2]) / (X[2] @ X[2]) * X[2]
        found = cone_sharpness(X, gate[None], z)
        assert found.lower[0] <= proposition_6(X, gate, z[0])
        assert found.lower[0] <= margin_bound(X, gate)


def test_a_width_that_no_step_shortens_and_one_beside_a_zero_row() -> None:
    rng = np.random.default_rng(0)
    width = cone_width(np.eye(3), np.ones(3), rng)
    assert width.lower <= 1.0 <= width.upper <= 1.001
    X, gates, _ = drawn(1, 6, 4, 1)
    plain = cone_width(X, gates[0], rng)
    beside = cone_width(np.vstack([X, np.zeros(4)]), gates[0], rng)
    assert beside.lower == pytest.approx(plain.lower, rel=1e-2)
    assert cone_width(np.zeros((2, 3)), np.ones(3), rng).upper == 0.0
