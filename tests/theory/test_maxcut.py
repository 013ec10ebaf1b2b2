"""The cut form of the largest gated price, its relaxation and its special cases."""

import itertools

import cvxpy as cp
import numpy as np
import pytest

from relaxgap.errors import ConfigurationError
from relaxgap.patterns import enumerate_patterns
from relaxgap.theory.gated_ratio import largest_gated_price
from relaxgap.theory.maxcut import (
    label_gram,
    largest_subset_price,
    lifted_gram,
    repelling_bound,
    separable_price,
    subset_price_bound,
)


def test_the_lifted_form_is_the_quadratic_one() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 3)), rng.standard_normal(6)
    B = label_gram(X, y)
    lifted = lifted_gram(B)
    for z in itertools.product((0.0, 1.0), repeat=6):
        s = np.concatenate([[1.0], 2.0 * np.array(z) - 1.0])
        assert 0.25 * s @ lifted @ s == pytest.approx(np.array(z) @ B @ np.array(z), abs=1e-12)


@pytest.mark.parametrize(("n", "d"), [(8, 4), (14, 5)])
def test_the_chain_holds_and_the_relaxation_is_its_semidefinite_program(n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    cut, subset = largest_subset_price(X, y)
    assert cut == pytest.approx(np.linalg.norm(X.T @ (subset * y)) ** 2)
    relaxed = subset_price_bound(X, y)
    C_y = largest_gated_price(X, y, enumerate_patterns(X).patterns)
    assert C_y**2 <= cut * (1.0 + 1e-12) <= relaxed * (1.0 + 1e-9)
    assert relaxed <= np.linalg.norm(X, 2) ** 2 * (y @ y) * (1.0 + 1e-9)
    Q = cp.Variable((n + 1, n + 1), PSD=True)
    program = cp.Problem(
        cp.Maximize(0.25 * cp.trace(lifted_gram(label_gram(X, y)) @ Q)), [cp.diag(Q) == 1.0]
    )
    assert relaxed == pytest.approx(program.solve("CLARABEL"), rel=2e-3)
    assert relaxed >= program.value * (1.0 - 1e-6)


def test_more_than_one_block_of_subsets_is_searched() -> None:
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((14, 4)), rng.standard_normal(14)
    X[12:] *= 100.0
    cut, _subset = largest_subset_price(X, y)
    best = max(
        float(np.sum((np.array(z) * y @ X) ** 2)) for z in itertools.product((0, 1), repeat=14)
    )
    assert cut == pytest.approx(best)


def test_the_two_special_cases() -> None:
    X = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    y = np.array([1.0, 2.0, -1.0])
    assert separable_price(X, y) == pytest.approx(largest_subset_price(X, y)[0])
    assert repelling_bound(X, y) is None
    # of each sample's opposite the labels agree
    away = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0]])
    bound = repelling_bound(away, np.ones(3))
    assert bound is not None
    assert largest_subset_price(away, np.ones(3))[0] <= bound
    assert separable_price(away, np.ones(3)) is None


def test_too_many_samples_for_every_subset_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at most 24 samples"):
        largest_subset_price(np.ones((25, 1)), np.ones(25))
