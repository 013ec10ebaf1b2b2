from itertools import combinations

import numpy as np
import pytest

from relaxgap.patterns.geometric_algebra import sample_geometric_algebra_patterns


def test_patterns_are_those_of_cross_products_of_rows_with_these_rows_active() -> None:
    X = np.random.default_rng(0).standard_normal((6, 3))
    expected = set()
    for pair in combinations(range(6), 2):
        normal = np.cross(*X[list(pair)])
        for sign in (1.0, -1.0):
            pattern = sign * (X @ normal) >= 0.0
            pattern[list(pair)] = True
            expected.add(tuple(pattern.tolist()))
    sample = sample_geometric_algebra_patterns(X, 500, np.random.default_rng(1))
    assert {tuple(pattern) for pattern in sample.patterns.tolist()} == expected
    assert np.array_equal(sample.gates @ X.T >= 0.0, sample.patterns)
    assert not sample.complete


def test_a_larger_sample_starts_with_the_smaller_one_sketched_or_not() -> None:
    X = np.random.default_rng(2).standard_normal((20, 8))
    for sketch in (None, 3):
        small, large = (
            sample_geometric_algebra_patterns(X, size, np.random.default_rng(3), sketch)
            for size in (5, 30)
        )
        assert np.array_equal(large.packed[: small.n_patterns], small.packed)


def test_gates_of_a_sketch_are_in_its_range() -> None:
    X = np.random.default_rng(4).standard_normal((30, 12))
    sample = sample_geometric_algebra_patterns(X, 40, np.random.default_rng(5), 4)
    assert sample.n_patterns > 4
    assert np.linalg.matrix_rank(sample.gates) == 4


def test_a_sketch_of_as_many_columns_is_none() -> None:
    X = np.random.default_rng(6).standard_normal((9, 4))
    whole, sketched = (
        sample_geometric_algebra_patterns(X, 20, np.random.default_rng(7), sketch)
        for sketch in (None, 4)
    )
    assert np.array_equal(whole.gates, sketched.gates)


def test_rows_beside_a_chosen_one_have_its_activation() -> None:
    X = np.repeat(np.random.default_rng(8).standard_normal((5, 3)), 2, axis=0)
    X[1::2] *= 3.0
    patterns = sample_geometric_algebra_patterns(X, 60, np.random.default_rng(9)).patterns
    assert np.array_equal(patterns[:, ::2], patterns[:, 1::2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 5), (4, 1)])
def test_there_are_gates_where_rows_are_few_or_columns_one(shape: tuple[int, int]) -> None:
    X = np.random.default_rng(10).standard_normal(shape)
    sample = sample_geometric_algebra_patterns(X, 40, np.random.default_rng(11))
    assert 2 <= sample.n_patterns <= 2 ** min(shape[0], 10)
    assert np.all(np.isfinite(sample.gates))


@pytest.mark.parametrize(("n_gates", "sketch"), [(0, None), (3, 0)])
def test_a_sample_has_at_least_one_gate_and_one_column(n_gates: int, sketch: int | None) -> None:
    with pytest.raises(ValueError, match="got"):
        sample_geometric_algebra_patterns(np.eye(2), n_gates, np.random.default_rng(0), sketch)
