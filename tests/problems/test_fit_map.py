import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.patterns import PatternSet
from relaxgap.patterns.pattern_set import patterns_of_gates
from relaxgap.problems import adjoint, fit
from relaxgap.problems.fit_map import chunks


def sampled(n: int, d: int, P: int, seed: int) -> tuple[np.ndarray, PatternSet, np.ndarray]:
    rng = np.random.default_rng(seed)
    X, gates = rng.standard_normal((n, d)), rng.standard_normal((P, d))
    return X, PatternSet(patterns_of_gates(X, gates), gates, n), rng.standard_normal((P, d))


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_the_adjoint_moves_across_the_inner_product(n: int, d: int, P: int, seed: int) -> None:
    X, patterns, w = sampled(n, d, P, seed)
    r = np.random.default_rng(seed + 1).standard_normal(n)
    forward = float(fit(X, patterns, w) @ r)
    backward = float(np.sum(w * adjoint(X, patterns, r)))
    bound = np.linalg.norm(X) * np.linalg.norm(w) * np.linalg.norm(r) * np.sqrt(P)
    assert abs(forward - backward) <= 1e-13 * bound


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_fit_is_the_sum_of_masked_products(n: int, d: int, P: int, seed: int) -> None:
    X, patterns, w = sampled(n, d, P, seed)
    dense = sum(np.diag(bits) @ X @ w[i] for i, bits in enumerate(patterns.patterns))
    np.testing.assert_allclose(fit(X, patterns, w), dense, atol=1e-12)


def test_the_fit_of_no_nonzero_block_is_zero() -> None:
    X, patterns, w = sampled(5, 2, 4, 0)
    assert np.array_equal(fit(X, patterns, 0.0 * w), np.zeros(5))


@pytest.mark.parametrize("n_patterns", [0, 1, 5, 16384, 16385, 40000])
def test_chunks_cover_every_pattern_once(n_patterns: int) -> None:
    pieces = chunks(n_patterns, 16384)
    assert [i for piece in pieces for i in range(n_patterns)[piece]] == list(range(n_patterns))


def test_the_adjoint_over_several_chunks_is_the_adjoint_of_each_pattern() -> None:
    rng = np.random.default_rng(3)
    X, nu = rng.standard_normal((4, 2)), rng.standard_normal(4)
    gates = rng.standard_normal((20000, 2))
    patterns = PatternSet(patterns_of_gates(X, gates), gates, 4)
    product = adjoint(X, patterns, nu)
    for i in (0, 16383, 16384, 19999):
        expected = X.T @ (patterns.patterns[i] * nu)
        np.testing.assert_allclose(product[i], expected, atol=1e-14)


def test_more_samples_than_one_chunk_give_the_same_fit_and_adjoint() -> None:
    X, patterns, w = sampled(20001, 2, 3, 0)
    nu = np.random.default_rng(1).standard_normal(20001)
    np.testing.assert_allclose(
        fit(X, patterns, w),
        sum(bits * (X @ w[i]) for i, bits in enumerate(patterns.patterns)),
        atol=1e-12,
    )
    np.testing.assert_allclose(
        adjoint(X, patterns, nu), patterns.patterns @ (nu[:, None] * X), atol=1e-10
    )
