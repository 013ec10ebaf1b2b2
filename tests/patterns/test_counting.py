import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.patterns.counting import cover_count, format_count, predicted_count

KNOWN_COUNTS = [
    (4, 2, 8),
    (6, 2, 12),
    (6, 3, 32),
    (8, 3, 58),
    (8, 4, 128),
    (10, 4, 260),
    (10, 5, 512),
    (5, 5, 32),
    (4, 6, 16),
]


@pytest.mark.parametrize(("n", "d", "count"), KNOWN_COUNTS)
def test_cover_count_is_the_known_number_of_patterns(n: int, d: int, count: int) -> None:
    assert cover_count(n, d) == count


@given(st.integers(1, 60), st.integers(1, 60))
def test_cover_count_is_twice_the_partial_binomial_sum(n: int, rank: int) -> None:
    assert cover_count(n, rank) == 2 * sum(math.comb(n - 1, k) for k in range(min(rank, n)))


@given(st.integers(2, 60), st.integers(2, 60))
def test_cover_count_obeys_deletion_and_restriction(n: int, rank: int) -> None:
    assert cover_count(n, rank) == cover_count(n - 1, rank) + cover_count(n - 1, rank - 1)


def test_no_hyperplane_leaves_one_pattern() -> None:
    assert cover_count(0, 3) == 1
    assert cover_count(3, 0) == 1


def test_full_rank_leaves_every_sign_choice() -> None:
    assert cover_count(200, 200) == 2**200
    assert cover_count(200, 300) == 2**200


def test_cover_count_is_exact_where_floats_are_not() -> None:
    assert cover_count(200, 100) == 2**199


@pytest.mark.parametrize(("n", "rank"), [(-1, 2), (2, -1)])
def test_negative_sizes_are_refused(n: int, rank: int) -> None:
    with pytest.raises(ValueError, match=f"n={n} and rank={rank}"):
        cover_count(n, rank)


def test_generic_data_has_full_rank_and_distinct_hyperplanes() -> None:
    predicted = predicted_count(np.random.default_rng(0).standard_normal((8, 3)))
    assert (predicted.rank, predicted.n_hyperplanes, predicted.cover_count) == (3, 8, 58)


def test_zero_and_parallel_rows_add_no_hyperplane() -> None:
    X = np.array([[1.0, 2.0], [0.0, 0.0], [-3.0, -6.0], [1e-8, 2e-8], [0.1, 0.7]])
    predicted = predicted_count(X)
    assert (predicted.rank, predicted.n_hyperplanes, predicted.cover_count) == (2, 2, 4)


def test_zero_data_has_one_pattern() -> None:
    predicted = predicted_count(np.zeros((3, 2)))
    assert (predicted.rank, predicted.n_hyperplanes, predicted.cover_count) == (0, 0, 1)


def test_a_count_too_long_to_read_is_written_as_a_power_of_ten() -> None:
    assert format_count(999_002) == "999,002"
    assert format_count(2**20_000) == "about 10^6020"
