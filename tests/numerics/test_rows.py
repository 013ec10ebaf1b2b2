import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from relaxgap.errors import DataError
from relaxgap.numerics.rows import normalized_rows, row_lengths, unit_rows


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
