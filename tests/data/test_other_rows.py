import numpy as np
import pytest

from relaxgap.data import OtherRowsData
from relaxgap.data.other_rows import ROWS
from relaxgap.errors import ConfigurationError


@pytest.mark.parametrize("rows", ROWS)
def test_rows_have_mean_zero_and_covariance_one(rows: str) -> None:
    source = OtherRowsData(n=40_000, d=5, rows=rows)
    X = source.load(np.random.default_rng(0)).X
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(X.T @ X / len(X), np.eye(5), atol=0.05)
    assert source.label == f"{rows}, planted labels"


def test_each_law_is_what_it_says() -> None:
    X = {
        rows: OtherRowsData(n=5000, d=4, rows=rows).load(np.random.default_rng(1)).X
        for rows in ROWS
    }
    assert set(np.unique(X["rademacher"])) == {-1.0, 1.0}
    np.testing.assert_allclose(np.linalg.norm(X["sphere"], axis=1), 2.0)
    # the largest of 20,000 normal entries is below 5
    assert np.abs(X["student"]).max() > 6.0


def test_the_data_matrix_does_not_depend_on_the_labels() -> None:
    one, other = (
        OtherRowsData(n=8, labels=labels).load(np.random.default_rng(2)).X
        for labels in ("noise", "signs")
    )
    np.testing.assert_array_equal(one, other)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="rows out of rademacher, sphere, student"):
        OtherRowsData(rows="cauchy")
    with pytest.raises(ConfigurationError, match="n >= 1"):
        OtherRowsData(n=0)
