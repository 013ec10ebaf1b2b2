import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from relaxgap.errors import DataError
from relaxgap.numerics import rows
from relaxgap.numerics.rows import normalized_rows, row_lengths, spectral_norm, unit_rows


def test_lengths_whose_squares_leave_the_range_are_exact() -> None:
    X = np.array([[3e200, 4e200], [0.0, 0.0], [3e-200, -4e-200]])
    assert_allclose(row_lengths(X), [5e200, 0.0, 5e-200], rtol=1e-15)


def test_unit_rows_leave_out_zero_rows_and_have_norm_one_at_any_magnitude() -> None:
    X = np.array([[3e200, 4e200], [0.0, 0.0], [3e-200, -4e-200]])
    assert unit_rows(X) == pytest.approx(np.array([[0.6, 0.8], [0.6, -0.8]]), rel=1e-15)


def test_normalized_rows_keep_their_directions_and_places() -> None:
    X = np.array([[3.0, 4.0], [0.0, -2.0]])
    assert_allclose(normalized_rows(X), [[0.6, 0.8], [0.0, -1.0]], rtol=1e-15)


def test_a_zero_row_cannot_be_normalized() -> None:
    with pytest.raises(DataError, match="got 1 zero rows, the first at index 1"):
        normalized_rows(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_a_matrix_without_columns_has_rows_of_length_zero() -> None:
    assert_array_equal(row_lengths(np.zeros((2, 0))), np.zeros(2))


def test_long_matrices_are_read_in_pieces_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X = np.random.default_rng(0).standard_normal((50, 3))
    lengths, norm = row_lengths(X), spectral_norm(X)
    assert norm == np.linalg.norm(X, 2)
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 7)
    assert_array_equal(row_lengths(X), lengths)
    assert spectral_norm(X) == pytest.approx(norm, rel=1e-12)
