"""Sums of rows that share an offset, against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from certificates.rational import combine, dot, fractions

from relaxgap.certificates.prices.cones import price_exactly
from relaxgap.certificates.prices.shared_row import SharedRow
from relaxgap.patterns import enumerate_patterns


def with_offset(offset: float, seed: int = 0) -> np.ndarray:
    return offset + np.random.default_rng(seed).standard_normal((9, 3))


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e8, -1e8, np.array([1e8, -1e5, 1e7])])
@pytest.mark.parametrize("seed", range(5))
def test_the_bound_of_a_cancelling_sum_holds_and_is_close(offset: float, seed: int) -> None:
    X, rng = with_offset(offset, seed), np.random.default_rng(seed + 100)
    shared = SharedRow.of(X)
    assert shared is not None
    first = rng.standard_normal(9)
    second = -first + 1e-9 * rng.standard_normal(9)
    rows = [fractions(row) for row in X]
    weights = [a + b for a, b in zip(fractions(first), fractions(second), strict=True)]
    moved = combine(rows, weights)
    bound = Fraction(shared.norm_bound(first, second))
    assert dot(moved, moved) <= bound**2
    # no rounding of the size of the offset, whose last digit is worth up to 1e-8
    assert float(bound) - float(dot(moved, moved)) ** 0.5 < 1e-11


def test_what_is_shared_and_the_rest_add_up_exactly() -> None:
    X = with_offset(1e6)
    X[4, 1] = 1e-9
    X[2, 0] = 3e6
    shared = SharedRow.of(with_offset(1e6))
    assert shared is not None
    mixed = SharedRow.of(np.column_stack([with_offset(1e9), X[:, 1]]))
    assert mixed is not None
    # a difference that is no double: that column stays whole
    assert mixed.row[3] == 0.0
    for row, rest in zip(X[:, 1], mixed.rest[:, 3], strict=True):
        assert Fraction(float(row)) == Fraction(float(rest))


@pytest.mark.parametrize("X", [with_offset(0.0), with_offset(5.0), np.zeros((4, 2))])
def test_ordinary_data_share_nothing(X: np.ndarray) -> None:
    shared = SharedRow.of(X)
    assert shared is None or not np.any(X)


def test_a_price_beside_a_large_offset_is_close_and_never_too_small() -> None:
    X = with_offset(1e7, 3)
    patterns = enumerate_patterns(X)
    nu = np.random.default_rng(3).standard_normal(9)
    for i in range(0, patterns.n_patterns, 5):
        pattern = patterns.unpack(np.array([i]))[0]
        # orthogonal to what the active rows share, as dual points are
        balanced = np.where(pattern, nu - nu[pattern].mean() if pattern.any() else nu, nu)
        block = price_exactly(X, patterns, balanced, 1.0, i)
        # the price is a maximum over the cone: none of its unit vectors reaches more
        gate = fractions(patterns.gates[i])
        gradient = combine([fractions(row) for row in X], fractions(np.where(pattern, balanced, 0)))
        reached = dot(gate, gradient)
        length = dot(gate, gate)
        assert reached <= 0 or reached**2 <= Fraction(block.price) ** 2 * length
