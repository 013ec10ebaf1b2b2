import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from relaxgap.data import GaussianData
from relaxgap.data.labels import LABEL_KINDS
from relaxgap.errors import ConfigurationError


@pytest.mark.parametrize("labels", LABEL_KINDS)
@pytest.mark.parametrize("normalize_rows", [False, True])
def test_the_same_generator_state_gives_the_same_data(labels, normalize_rows):
    source = GaussianData(n=12, labels=labels, normalize_rows=normalize_rows)
    first, second = (source.load(np.random.default_rng(7)) for _ in range(2))
    assert_array_equal(first.X, second.X)
    assert_array_equal(first.y, second.y)
    other = source.load(np.random.default_rng(8))
    assert not np.array_equal(first.X, other.X)


@pytest.mark.parametrize("labels", LABEL_KINDS)
def test_the_data_matrix_does_not_depend_on_the_labels(labels):
    base = GaussianData(n=10, d=3).load(np.random.default_rng(1))
    other = GaussianData(n=10, d=3, labels=labels, noise=2.0, teacher_width=9)
    assert_array_equal(other.load(np.random.default_rng(1)).X, base.X)


@pytest.mark.parametrize(
    ("settings", "d"),
    [
        ({"n": 20}, 10),
        ({"n": 20, "d": 7}, 7),
        ({"n": 24, "aspect_ratio": 8.0}, 3),
        ({"n": 10, "aspect_ratio": 3.0}, 3),
        ({"n": 5, "aspect_ratio": 2.0}, 2),
        ({"n": 2, "aspect_ratio": 100.0}, 1),
        ({"n": 4, "aspect_ratio": 0.5}, 8),
        ({"n": 24, "d": 3, "aspect_ratio": 8.0}, 3),
    ],
)
def test_the_dimension_comes_from_d_or_from_the_aspect_ratio(settings, d):
    source = GaussianData(**settings)
    data = source.load(np.random.default_rng(0))
    assert source.n_features == d
    assert (data.n, data.d) == (settings["n"], d)


def test_normalised_rows_have_norm_one_and_the_same_directions():
    raw = GaussianData(n=9, d=4).load(np.random.default_rng(3)).X
    unit = GaussianData(n=9, d=4, normalize_rows=True).load(np.random.default_rng(3)).X
    assert_allclose(np.linalg.norm(unit, axis=1), 1.0, rtol=1e-14)
    assert_allclose(unit * np.linalg.norm(raw, axis=1, keepdims=True), raw, rtol=1e-14)


def test_gaussian_entries_have_mean_zero_and_identity_covariance():
    n, d = 20000, 4
    X = GaussianData(n=n, d=d, labels="noise").load(np.random.default_rng(5)).X
    six_sigma = 6.0 * math.sqrt(2.0 / n)
    assert_allclose(X.mean(axis=0), 0.0, atol=six_sigma)
    assert_allclose(X.T @ X / n, np.eye(d), atol=six_sigma)


@pytest.mark.parametrize(
    ("settings", "expected", "got"),
    [
        ({"n": 0}, "n >= 1", "got 0"),
        ({"d": 0}, "d >= 1", "got 0"),
        ({"teacher_width": 0}, "teacher_width >= 1", "got 0"),
        ({"noise": -0.1}, "noise >= 0", "got -0.1"),
        ({"noise": math.nan}, "noise >= 0", "got nan"),
        ({"aspect_ratio": 0.0}, "aspect_ratio > 0", "got 0.0"),
        ({"aspect_ratio": math.inf}, "aspect_ratio > 0", "got inf"),
        ({"n": 20, "d": 7, "aspect_ratio": 2.0}, "d=10", "got d=7"),
        ({"labels": "plantd"}, "planted, linear, signs, noise", "got 'plantd'"),
    ],
)
def test_a_setting_out_of_range_says_what_was_expected_and_what_came(settings, expected, got):
    with pytest.raises(ConfigurationError) as caught:
        GaussianData(**settings)
    message = str(caught.value)
    assert "Expected" in message
    assert expected in message
    assert got in message
    assert "\n" not in message
