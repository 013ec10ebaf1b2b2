from itertools import product

import numpy as np
import pytest
from jaxtyping import Float64

import relaxgap.numerics.nonnegative_least_squares as module
from relaxgap.numerics.nonnegative_least_squares import is_optimal, nonnegative_least_squares

Matrix = Float64[np.ndarray, "m k"]


def least_distance(A: Matrix, b: Float64[np.ndarray, " m"]) -> float:
    # some optimum has an independent support, on which it is the least squares solution
    distances = [float(np.linalg.norm(b))]
    for support in product([False, True], repeat=A.shape[1]):
        columns = A[:, np.array(support)]
        if 0 < columns.shape[1] == np.linalg.matrix_rank(columns):
            found = np.linalg.lstsq(columns, b, rcond=None)[0]
            if np.all(found >= 0.0):
                distances.append(float(np.linalg.norm(columns @ found - b)))
    return min(distances)


def system(kind: str, seed: int) -> tuple[Matrix, Float64[np.ndarray, " m"]]:
    rng = np.random.default_rng(seed)
    m, k = int(rng.integers(1, 6)), int(rng.integers(1, 8))
    A, b = rng.standard_normal((m, k)), rng.standard_normal(m)
    if kind == "integer":
        A = rng.integers(-2, 3, (m, k)).astype(np.float64)
    if kind == "repeated":
        A = A[:, rng.integers(0, k, k)]
    if kind == "on the boundary":
        b = A @ np.maximum(rng.standard_normal(k), 0.0)
    return A, b


@pytest.mark.parametrize("kind", ["generic", "integer", "repeated", "on the boundary"])
@pytest.mark.parametrize("given_up", [False, True])
def test_no_support_comes_closer(
    kind: str, given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given_up:
        monkeypatch.setattr(module, "nnls", lambda A, b, maxiter: _give_up())
    for seed in range(40):
        A, b = system(kind, seed)
        found = nonnegative_least_squares(A, b)
        assert np.all(found >= 0.0)
        distance = float(np.linalg.norm(A @ found - b))
        assert distance <= least_distance(A, b) + 1e-13 * float(np.linalg.norm(b))


def _give_up() -> None:
    raise RuntimeError("maximum number of iterations reached")


def test_an_answer_that_is_not_optimal_is_seen_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    A, b = np.eye(3), np.array([1.0, -2.0, 3.0])
    wrong = np.array([1.0, 1.0, 0.0])
    assert not is_optimal(A, b, wrong)
    monkeypatch.setattr(module, "nnls", lambda A, b, maxiter: (wrong, 0.0))
    assert nonnegative_least_squares(A, b) == pytest.approx([1.0, 0.0, 3.0], abs=1e-15)


@pytest.mark.parametrize("size", [1e-250, 1.0, 1e250])
def test_the_answer_has_the_size_of_the_right_hand_side(size: float) -> None:
    A, b = system("generic", 4)
    expected = size * nonnegative_least_squares(A, b)
    assert nonnegative_least_squares(A, size * b) == pytest.approx(expected, rel=1e-9)


def test_nothing_is_needed_for_a_right_hand_side_of_zero() -> None:
    assert np.array_equal(nonnegative_least_squares(np.eye(2), np.zeros(2)), np.zeros(2))


@pytest.mark.parametrize("given_up", [False, True])
@pytest.mark.parametrize(
    "sizes", [(1e-12, 1e300), (1e300, 1e300), (1e-300, 1e-300), (1e-20, 1.0), (0.0, 1e-200)]
)
def test_columns_may_be_of_any_size_beside_each_other(
    sizes: tuple[float, float], given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given_up:
        monkeypatch.setattr(module, "nnls", lambda A, b, maxiter: _give_up())
    A = np.array([[1.0, 0.5], [0.5, 1.0], [-1.0, 2.0]])
    expected = np.array([0.75, 0.25])
    product = A * (np.array(sizes) > 0.0) @ expected
    found = nonnegative_least_squares(A * np.array(sizes), product)
    assert found * np.array(sizes) == pytest.approx(expected * (np.array(sizes) > 0.0), rel=1e-13)


def test_an_entry_beyond_double_precision_is_the_largest_number() -> None:
    found = nonnegative_least_squares(np.array([[1e-200]]), np.array([1e200]))
    assert found == np.finfo(np.float64).max
