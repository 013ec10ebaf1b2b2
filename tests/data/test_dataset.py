import jaxtyping
import numpy as np
import pytest

from relaxgap.data.dataset import Dataset
from relaxgap.errors import DataError


def test_a_valid_pair_knows_its_size():
    data = Dataset(np.ones((3, 2)), np.zeros(3))
    assert (data.n, data.d) == (3, 2)


@pytest.mark.parametrize(
    ("X", "y", "reason"),
    [
        (np.ones((0, 2)), np.ones(0), "at least one sample"),
        (np.ones((2, 0)), np.ones(2), "at least one sample"),
        (np.array([[1.0], [np.nan]]), np.ones(2), r"got 1 NaN .* in X, the first X\[1, 0\];"),
        (np.ones((2, 1)), np.array([np.inf, -np.inf]), r"got 2 NaN .* in y, the first y\[0\];"),
        (np.full((2, 1), 1e61), np.ones(2), "between 1e-60 and 1e60, got 1e[+]61"),
        (np.ones((2, 1)), np.full(2, -1e-61), "between 1e-60 and 1e60, got 1e-61"),
    ],
)
def test_empty_and_non_finite_data_is_refused(X, y, reason):
    with pytest.raises(DataError, match=reason):
        Dataset(X, y)


@pytest.mark.parametrize(
    ("X", "y", "reason"),
    [
        (np.ones(2), np.ones(2), "Expected X with 2 axes, got shape"),
        (np.ones((2, 1)), np.ones((2, 1)), "Expected y with 1 axes, got shape"),
        (np.ones((2, 1), dtype=np.float32), np.ones(2), "Expected X in float64, got float32"),
        (np.ones((2, 1)), np.ones(2, dtype=int), "Expected y in float64, got int64"),
        (np.ones((2, 1)), np.ones(3), "got 2 rows of X and 3 labels"),
    ],
)
def test_what_the_annotations_forbid_is_refused_without_a_type_checker_too(
    X, y, reason, monkeypatch
):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(DataError, match=reason):
        Dataset(X, y)


def test_zero_data_and_zero_labels_are_valid():
    assert Dataset(np.zeros((2, 1)), np.zeros(2)).n == 2
