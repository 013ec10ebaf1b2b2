import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.patterns.cones import project_onto_cone

SEEDS = st.integers(0, 2**32 - 1)


def cone(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) >= 0.0, rng


@given(st.integers(1, 8), st.integers(1, 5), SEEDS)
def test_projection_and_its_remainder_are_orthogonal_and_in_polar_cones(
    n: int, d: int, seed: int
) -> None:
    X, pattern, rng = cone(n, d, seed)
    g = rng.standard_normal(d)
    p, _ = project_onto_cone(X, pattern, g)
    rows = np.where(pattern, 1.0, -1.0)[:, None] * X
    assert abs(float(p @ (g - p))) <= 1e-10 * float(g @ g)
    assert np.all(rows @ p >= -1e-9 * np.linalg.norm(g) * np.linalg.norm(X, axis=1))
    inside = rng.standard_normal((50, d))
    inside = inside[np.all(inside @ rows.T >= 0.0, axis=1)]
    assert np.all(inside @ (g - p) <= 1e-9 * np.linalg.norm(g) * np.linalg.norm(inside, axis=1))


@given(st.integers(1, 8), st.integers(1, 5), SEEDS)
def test_projection_is_firmly_non_expansive(n: int, d: int, seed: int) -> None:
    X, pattern, rng = cone(n, d, seed)
    a, b = rng.standard_normal((2, d))
    pa, pb = project_onto_cone(X, pattern, a)[0], project_onto_cone(X, pattern, b)[0]
    assert float((pa - pb) @ (pa - pb)) <= float((pa - pb) @ (a - b)) + 1e-9


@given(st.integers(1, 8), st.integers(1, 5), SEEDS)
def test_projecting_twice_changes_nothing(n: int, d: int, seed: int) -> None:
    X, pattern, rng = cone(n, d, seed)
    g = rng.standard_normal(d)
    once = project_onto_cone(X, pattern, g)[0]
    np.testing.assert_allclose(project_onto_cone(X, pattern, once)[0], once, atol=1e-9)


@given(st.integers(1, 8), st.integers(1, 5), SEEDS)
def test_projection_is_homogeneous_and_keeps_points_of_the_cone(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, gate = rng.standard_normal((n, d)), rng.standard_normal(d)
    pattern = X @ gate >= 0.0
    assert np.array_equal(project_onto_cone(X, pattern, gate)[0], gate)
    g = rng.standard_normal(d)
    scaled = project_onto_cone(X, pattern, 4.0 * g)[0]
    np.testing.assert_allclose(scaled, 4.0 * project_onto_cone(X, pattern, g)[0], atol=1e-9)


@pytest.mark.parametrize(
    ("n", "d", "seed"), [(4, 5, 502), (3, 5, 490), (6, 5, 44), (4, 5, 293), (3, 5, 393)]
)
def test_a_point_of_the_boundary_stays_where_it_is(n: int, d: int, seed: int) -> None:
    X, pattern, rng = cone(n, d, seed)
    once = project_onto_cone(X, pattern, rng.standard_normal(d))[0]
    np.testing.assert_allclose(project_onto_cone(X, pattern, once)[0], once, atol=1e-14)


def test_the_projection_onto_an_orthant_keeps_the_positive_part() -> None:
    p, multipliers = project_onto_cone(np.eye(3), np.ones(3, bool), np.array([1.0, -2.0, -3.0]))
    np.testing.assert_allclose(p, [1.0, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(multipliers, [0.0, 2.0, 3.0], atol=1e-15)


def test_the_size_of_a_row_does_not_change_the_cone() -> None:
    X, pattern, rng = cone(5, 3, 1)
    g = rng.standard_normal(3)
    scaled = X * 10.0 ** np.array([-150.0, 8.0, 0.0, -8.0, 150.0])[:, None]
    expected = project_onto_cone(X, pattern, g)[0]
    np.testing.assert_allclose(project_onto_cone(scaled, pattern, g)[0], expected, atol=1e-12)


def test_zero_rows_and_a_zero_vector_are_left_alone() -> None:
    g = np.array([1.0, -1.0])
    assert np.array_equal(project_onto_cone(np.zeros((2, 2)), np.ones(2, bool), g)[0], g)
    zero = project_onto_cone(np.eye(2), np.ones(2, bool), np.zeros(2))
    assert np.array_equal(zero[0], np.zeros(2))
    assert not np.any(zero[1])
