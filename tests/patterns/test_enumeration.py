from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jaxtyping import Float64
from scipy.optimize import linprog

from relaxgap.errors import EnumerationLimitError
from relaxgap.patterns.column_units import column_units
from relaxgap.patterns.counting import cover_count
from relaxgap.patterns.enumeration import enumerate_patterns
from relaxgap.patterns.exact_columns import independent_columns
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.patterns.sampling import sample_patterns
from relaxgap.patterns.whole_numbers import dependencies_are_exact

Matrix = Float64[np.ndarray, "n d"]

SMALL_INTEGER_MATRICES = st.tuples(st.integers(1, 6), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 2).map(float))
)

DEGENERATE = {
    "a dependent triple": [[1, 0, 2], [0, 1, -1], [1, 1, 1], [2, -1, 0], [1, 2, 3]],
    "repeated and antiparallel rows": [[1, 2], [1, 2], [-2, -4], [0, 1], [3, 6], [0, -1]],
    "zero rows": [[0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]],
    "rank two in four dimensions": [[1, 0, 1, 2], [0, 1, 1, 1], [1, 1, 2, 3], [1, -1, 0, 1]],
    "fewer rows than columns": [[1, 0, 1, 2, 1], [0, 1, 1, 1, -1], [2, 0, 2, 4, 3]],
    "one column": [[1], [-2], [0], [3]],
    "one column, positive": [[1], [2]],
    "one row": [[1, -1, 2]],
    "only zeros": [[0, 0], [0, 0]],
    "the braid arrangement on four strands": [
        [1, -1, 0, 0],
        [1, 0, -1, 0],
        [1, 0, 0, -1],
        [0, 1, -1, 0],
        [0, 1, 0, -1],
        [0, 0, 1, -1],
    ],
    "eight lines through shared points": [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
        [1, 1, 1],
        [1, -1, 0],
    ],
}


def rows_of(patterns: PatternSet) -> set[tuple[bool, ...]]:
    return {tuple(map(bool, row)) for row in patterns.patterns}


def patterns_by_linear_programming(X: Matrix) -> set[tuple[bool, ...]]:
    zero = ~np.any(X != 0.0, axis=1)
    found = set()
    for pattern in product([True, False], repeat=X.shape[0]):
        if any(is_zero and not active for is_zero, active in zip(zero, pattern, strict=True)):
            continue
        signed = np.where(np.array(pattern)[:, None], X, -X)[~zero]
        # the largest margin t of a gate in the unit box; an open cell has one with t > 0
        result = linprog(
            np.append(np.zeros(X.shape[1]), -1.0),
            A_ub=np.hstack((-signed, np.ones((signed.shape[0], 1)))),
            b_ub=np.zeros(signed.shape[0]),
            bounds=[(-1.0, 1.0)] * (X.shape[1] + 1),
        )
        if -result.fun > 1e-6:
            found.add(pattern)
    return found


def count_by_exact_ranks(X: Matrix) -> int:
    # Whitney's theorem in Zaslavsky's form: sum over row subsets B of (-1)^(|B| - rank(B))
    rows = [[int(entry) for entry in row] for row in X if np.any(row)]
    subsets = product([False, True], repeat=len(rows))
    chosen = ([row for row, keep in zip(rows, subset, strict=True) if keep] for subset in subsets)
    return sum((-1) ** (len(subset) - exact_rank(subset)) for subset in chosen)


def exact_rank(rows: list[list[int]]) -> int:
    # elimination without division: Python integers do not round
    rank = 0
    while rows := [row for row in rows if any(row)]:
        pivot, *others = rows
        column = next(i for i, entry in enumerate(pivot) if entry)
        rows = [
            [pivot[column] * a - row[column] * b for a, b in zip(row, pivot, strict=True)]
            for row in others
        ]
        rank += 1
    return rank


def assert_sound(X: Matrix, enumerated: PatternSet) -> None:
    assert len(rows_of(enumerated)) == enumerated.n_patterns
    assert enumerated.gates.shape == (enumerated.n_patterns, X.shape[1])
    one_by_one = np.array([X @ gate >= 0.0 for gate in enumerated.gates])
    assert np.array_equal(one_by_one, enumerated.patterns)


@pytest.mark.parametrize(
    ("n", "d"),
    [(4, 2), (6, 2), (6, 3), (8, 3), (8, 4), (10, 4), (10, 5), (5, 5), (4, 6), (1, 1), (7, 1)],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_small_generic_data_has_covers_count(n: int, d: int, seed: int) -> None:
    X = np.random.default_rng(seed).standard_normal((n, d))
    enumerated = enumerate_patterns(X)
    # in one dimension all rows are parallel
    assert enumerated.n_patterns == (2 if d == 1 else cover_count(n, d))
    assert enumerated.complete
    assert_sound(X, enumerated)


@settings(max_examples=40)
@given(st.integers(1, 14), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_generic_data_has_covers_count(n: int, d: int, seed: int) -> None:
    enumerated = enumerate_patterns(np.random.default_rng(seed).standard_normal((n, d)))
    assert enumerated.n_patterns == cover_count(n, d)
    assert enumerated.complete


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_has_exactly_the_patterns_that_linear_programs_find(name: str) -> None:
    X = np.array(DEGENERATE[name], dtype=np.float64)
    enumerated = enumerate_patterns(X)
    assert rows_of(enumerated) == patterns_by_linear_programming(X)
    assert enumerated.complete
    assert_sound(X, enumerated)


@settings(max_examples=100)
@given(SMALL_INTEGER_MATRICES)
def test_small_integer_data_has_whitneys_count(X: Matrix) -> None:
    enumerated = enumerate_patterns(X)
    assert enumerated.n_patterns == count_by_exact_ranks(X)
    assert enumerated.complete
    assert_sound(X, enumerated)


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES, st.data())
def test_repeating_and_flipping_rows_adds_no_pattern(X: Matrix, data: st.DataObject) -> None:
    copied = data.draw(st.lists(st.integers(0, X.shape[0] - 1), min_size=1, max_size=4))
    factors = data.draw(st.lists(st.sampled_from([1.0, -1.0, 0.3, -7.0]), min_size=4, max_size=4))
    longer = np.vstack((X, np.array(factors[: len(copied)])[:, None] * X[copied]))
    enumerated = enumerate_patterns(longer)
    assert enumerated.n_patterns == enumerate_patterns(X).n_patterns
    assert_sound(longer, enumerated)


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES, st.integers(0, 2**32 - 1))
def test_permuting_rows_permutes_patterns(X: Matrix, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(X.shape[0])
    permuted = {tuple(np.array(row)[order].tolist()) for row in rows_of(enumerate_patterns(X))}
    assert rows_of(enumerate_patterns(X[order])) == permuted


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES, st.data())
def test_scaling_rows_by_positive_factors_changes_no_pattern(
    X: Matrix, data: st.DataObject
) -> None:
    exponents = data.draw(arrays(np.float64, (X.shape[0], 1), elements=st.floats(-8.0, 8.0)))
    scaled = enumerate_patterns(10.0**exponents * X)
    assert rows_of(scaled) == rows_of(enumerate_patterns(X))
    assert scaled.complete


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES)
def test_patterns_come_in_opposite_pairs_without_zero_rows(X: Matrix) -> None:
    X = np.where(np.any(X != 0.0, axis=1, keepdims=True), X, 1.0)
    found = rows_of(enumerate_patterns(X))
    assert {tuple(not active for active in row) for row in found} == found


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES, st.integers(0, 2**32 - 1))
def test_sampled_patterns_are_among_the_enumerated(X: Matrix, seed: int) -> None:
    sample = sample_patterns(X, 300, np.random.default_rng(seed))
    assert rows_of(sample) <= rows_of(enumerate_patterns(X))


def test_zero_rows_are_active_in_every_pattern() -> None:
    X = np.array([[1.0, 2.0], [0.0, 0.0], [0.5, -1.0]])
    assert np.all(enumerate_patterns(X).patterns[:, 1])


def test_rows_sorted_along_a_curve_have_covers_count() -> None:
    moments = np.vander(np.linspace(-1.0, 1.0, 60), 3, increasing=True)
    enumerated = enumerate_patterns(moments)
    assert enumerated.n_patterns == cover_count(60, 3)
    assert enumerated.complete


@settings(max_examples=60)
@given(SMALL_INTEGER_MATRICES, st.floats(-17.0, -8.0), st.integers(0, 2**32 - 1))
def test_nearly_degenerate_data_never_gets_a_wrong_pattern(
    X: Matrix, exponent: float, seed: int
) -> None:
    noisy = X + 10.0**exponent * np.random.default_rng(seed).standard_normal(X.shape)
    enumerated = enumerate_patterns(noisy)
    assert enumerated.n_patterns <= cover_count(*noisy.shape)
    assert len(rows_of(enumerated)) == enumerated.n_patterns
    assert np.array_equal(enumerated.gates @ noisy.T >= 0.0, enumerated.patterns)


@pytest.mark.parametrize("decades", [3.0, 12.0, 50.0])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_units_of_columns_change_no_pattern(decades: float, offset: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((9, 3)) + offset
        scaled = X * 10.0 ** rng.uniform(-decades, decades, 3)
        enumerated = enumerate_patterns(scaled)
        assert rows_of(enumerated) == rows_of(enumerate_patterns(X))
        assert enumerated.n_patterns == cover_count(9, 3)
        assert enumerated.complete
        assert_sound(scaled, enumerated)


@settings(max_examples=30)
@given(SMALL_INTEGER_MATRICES, st.data())
def test_scaling_columns_by_positive_factors_changes_no_pattern(
    X: Matrix, data: st.DataObject
) -> None:
    # powers of two keep every dependency exact
    exponents = data.draw(arrays(np.float64, X.shape[1], elements=st.integers(-40, 40).map(float)))
    scaled = enumerate_patterns(X * 2.0**exponents)
    assert scaled.n_patterns == count_by_exact_ranks(X)
    assert scaled.complete
    assert rows_of(scaled) == rows_of(enumerate_patterns(X))


def test_columns_of_about_one_size_keep_their_gates() -> None:
    X = np.random.default_rng(0).standard_normal((8, 3))
    assert np.array_equal(column_units(X), np.ones(3))
    assert np.array_equal(column_units(1e-30 * X), np.ones(3))


@pytest.mark.parametrize("angle", [3e-14, 3e-13])
def test_a_distance_between_rounding_and_the_tolerance_withdraws_the_claim_of_completeness(
    angle: float,
) -> None:
    X = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0 * angle], [1.0, -2.0]])
    enumerated = enumerate_patterns(X)
    assert enumerated.n_patterns == 4
    assert not enumerated.complete
    assert_sound(X, enumerated)


def test_cells_are_merged_by_rounding_only_where_data_is_degenerate() -> None:
    X = np.random.default_rng(0).standard_normal((6, 3))
    assert enumerate_patterns(X).shift is None
    shift = enumerate_patterns(np.vstack([X, X[0] / 3.0])).shift
    assert shift is not None
    assert np.all((shift > 0.0) & (shift < 1e-12))


@pytest.mark.parametrize(
    ("X", "exact"),
    [
        ([[1, 0, 1], [1, 1, 0], [0, 1, 1]], True),
        ([[0.5, -3.0], [2.0**40, 3.0 * 2.0**41], [0, 0]], True),
        ([[0.1, 1.0], [1.0, 1.0]], False),
        ([[99991, 99989], [99971, 99961]], False),
        ([[0, 0], [0, 0]], True),
    ],
)
def test_only_small_whole_numbers_have_exact_dependencies(X: list, exact: bool) -> None:
    assert dependencies_are_exact(np.array(X, dtype=np.float64)) is exact


def test_exact_dependencies_need_no_room_in_certificates_in_any_units_of_columns() -> None:
    X = np.array([[1, 0, 2], [0, 1, -1], [1, 1, 1], [2, 0, 4]], dtype=np.float64)
    enumerated = enumerate_patterns(X * [2.0**40, 1.0, 2.0**-30])
    assert enumerated.complete
    assert enumerated.shift is None


def test_rows_that_underflow_withdraw_the_claim_of_completeness() -> None:
    X = np.array([[5e-324, 5e-324], [1.0, -1.0], [1.0, 0.0]])
    enumerated = enumerate_patterns(X)
    assert np.array_equal(enumerated.gates @ X.T >= 0.0, enumerated.patterns)
    assert not enumerated.complete


def nearly_parallel_dependent_rows(seed: int) -> Matrix:
    rng = np.random.default_rng(seed)
    X = rng.integers(-9, 10, (6, 4)).astype(np.float64)
    X[0] = 1e7 * X[5] + X[0]
    X[1] = 1e7 * X[5] - X[1]
    X[2] = X[0] - X[1]
    X[4] = X[3] + X[0]
    return X[rng.permutation(6)]


def test_dependencies_lost_in_rounding_never_give_a_wrong_pattern_or_claim() -> None:
    # rows parallel to seven digits know their span to nine: an exact dependency can look broken
    complete = []
    for seed in range(100):
        X = nearly_parallel_dependent_rows(seed)
        enumerated = enumerate_patterns(X)
        assert_sound(X, enumerated)
        assert enumerated.n_patterns <= count_by_exact_ranks(X)
        assert not enumerated.complete or enumerated.n_patterns == count_by_exact_ranks(X)
        complete.append(enumerated.complete)
    assert any(complete)
    assert not all(complete)


def test_an_arrangement_over_the_limit_is_refused_with_its_predicted_count() -> None:
    X = np.random.default_rng(0).standard_normal((10, 4))
    with pytest.raises(EnumerationLimitError) as caught:
        enumerate_patterns(X, limit=259)
    assert str(caught.value) == (
        "The full arrangement of n=10 points of rank 4 can hold 260 patterns, over the limit of "
        "259. Sample patterns instead (solve and path: --patterns gaussian:N), or raise the limit "
        "(--limit, in a config patterns.limit)."
    )
    assert enumerate_patterns(X, limit=260).n_patterns == 260


def test_the_default_limit_refuses_before_any_work() -> None:
    X = np.random.default_rng(0).standard_normal((300, 200))
    with pytest.raises(EnumerationLimitError, match=r"about 10\^\d+ patterns"):
        enumerate_patterns(X)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d", "count"), [(20, 10, 524_288), (400, 3, 159_602)])
def test_large_generic_data_has_covers_count(n: int, d: int, count: int) -> None:
    X = np.random.default_rng(0).standard_normal((n, d))
    enumerated = enumerate_patterns(X)
    assert enumerated.n_patterns == count == cover_count(n, d)
    assert enumerated.complete
    chosen = np.arange(0, count, 97)
    assert np.array_equal(enumerated.gates[chosen] @ X.T >= 0.0, enumerated.unpack(chosen))


def test_cells_merged_in_a_plane_of_three_dimensions_leave_the_set_incomplete() -> None:
    # in exact arithmetic 14 cells, two of them about 1e-11 wide
    X = np.array(
        [
            [-1e-11, -2.00000000001, -1e-11],
            [-2.0, -0.99999999999, 2.0],
            [-2e-11, 2e-11, 1.99999999999],
            [-0.99999999998, 1.99999999998, 0.99999999999],
        ]
    )
    patterns = enumerate_patterns(X)
    assert patterns.n_patterns == 14 or not patterns.complete


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.just(1)), elements=st.floats(-4.0, 4.0)))
def test_one_column_has_the_two_cells_of_its_signs_exactly(X: Matrix) -> None:
    X = np.where(np.abs(X) < 1e-3, 0.0, X)
    found = enumerate_patterns(X)
    assert found.complete
    assert found.shift is None
    assert found.n_patterns == (2 if np.any(X) else 1)


@pytest.mark.parametrize("kind", ["copies", "a column of zeros", "indicators and ones"])
def test_columns_that_are_exact_combinations_of_others_leave_no_room_to_hide(kind: str) -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((6, 2))
    first = np.arange(6) % 2 == 0.0
    X = {
        "copies": np.column_stack([Z, Z, -0.5 * Z[:, 0]]),
        "a column of zeros": np.column_stack([Z, np.zeros(6)]),
        "indicators and ones": np.column_stack([Z, first, ~first, np.ones(6)]),
    }[kind]
    columns = independent_columns(X)
    assert columns is not None
    fewer = np.ascontiguousarray(X[:, columns])
    found, of_fewer = enumerate_patterns(X), enumerate_patterns(fewer)
    assert (found.complete, found.shift) == (True, None)
    assert set(map(bytes, found.packed)) == set(map(bytes, of_fewer.packed))


def test_a_column_that_rounding_moved_is_independent() -> None:
    Z = np.random.default_rng(0).standard_normal((7, 2))
    X = np.column_stack([Z, Z @ [0.3, 0.7]])
    columns = independent_columns(X)
    assert columns is not None
    assert columns.tolist() == [0, 1, 2]
    assert enumerate_patterns(X).shift is not None
    assert independent_columns(np.ones((3000, 1))) is None
