import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from relaxgap.data.labels import (
    check_label_kind,
    draw_labels,
    linear_labels,
    planted_labels,
)
from relaxgap.errors import ConfigurationError


def gaussian_matrix(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def test_noiseless_planted_labels_are_positively_homogeneous_in_each_row():
    X = gaussian_matrix(15, 4)
    scales = np.linspace(0.5, 3.0, 15)
    y = planted_labels(X, np.random.default_rng(1), 0.0, 5)
    scaled = planted_labels(scales[:, None] * X, np.random.default_rng(1), 0.0, 5)
    assert_allclose(scaled, scales * y, rtol=1e-12)


@pytest.mark.parametrize("teacher_width", [1, 5])
def test_a_planted_teacher_is_linear_up_to_its_odd_part(teacher_width):
    """(t)_+ - (-t)_+ = t, so f(x) - f(-x) is the linear map of the signed sum of neurons."""
    X = gaussian_matrix(12, 3)
    y = planted_labels(np.vstack([X, -X]), np.random.default_rng(2), 0.0, teacher_width)
    odd = y[:12] - y[12:]
    weights, *_ = np.linalg.lstsq(X, odd, rcond=None)
    assert_allclose(X @ weights, odd, atol=1e-12)
    if teacher_width == 1:
        assert np.linalg.norm(weights) == pytest.approx(1.0, rel=1e-12)


def test_a_linear_teacher_has_unit_norm():
    X = gaussian_matrix(12, 3)
    y = linear_labels(X, np.random.default_rng(2), 0.0)
    weights, residual, *_ = np.linalg.lstsq(X, y, rcond=None)
    assert np.linalg.norm(weights) == pytest.approx(1.0, rel=1e-12)
    assert residual[0] < 1e-24


@pytest.mark.parametrize("kind", ["planted", "linear"])
def test_the_teacher_does_not_depend_on_its_noise_which_has_the_stated_size(kind):
    n = 4000
    X = gaussian_matrix(n, 3)
    clean, noisy, noisier = (
        draw_labels(kind, X, np.random.default_rng(4), noise, 5) for noise in (0.0, 0.5, 1.0)
    )
    assert_allclose(noisier - clean, 2.0 * (noisy - clean), atol=1e-12)
    assert np.std(noisy - clean) == pytest.approx(0.5, rel=6.0 / math.sqrt(2 * n))


def test_one_planted_neuron_has_the_variance_of_a_half_normal():
    n = 40000
    y = planted_labels(gaussian_matrix(n, 6), np.random.default_rng(4), 0.0, 1)
    assert np.var(y) == pytest.approx(0.5 - 0.5 / math.pi, rel=0.05)


@pytest.mark.parametrize("kind", ["signs", "noise"])
def test_random_labels_do_not_depend_on_the_data(kind):
    y, other = (
        draw_labels(kind, gaussian_matrix(50, 3, seed), np.random.default_rng(6), 0.1, 5)
        for seed in (0, 1)
    )
    assert_array_equal(y, other)


def test_signs_take_exactly_the_two_values():
    y = draw_labels("signs", gaussian_matrix(50, 2), np.random.default_rng(0), 0.1, 5)
    assert set(y) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("kind", "hint"), [("sign", "did you mean 'signs'"), ("xyz", "choose one")]
)
def test_an_unknown_kind_is_refused_with_the_nearest_name(kind, hint):
    with pytest.raises(ConfigurationError, match=hint):
        check_label_kind(kind)
