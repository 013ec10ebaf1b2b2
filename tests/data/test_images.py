import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from relaxgap.data import DigitsData
from relaxgap.data.images import principal_components
from relaxgap.errors import ConfigurationError


def load(seed=0, **settings):
    return DigitsData(**settings).load(np.random.default_rng(seed))


def test_all_zeros_and_ones_have_unit_norm_and_sign_labels():
    data = load()
    assert data.X.shape == (360, 64)
    assert_allclose(np.linalg.norm(data.X, axis=1), 1.0, rtol=1e-14)
    assert (np.sum(data.y == 1.0), np.sum(data.y == -1.0)) == (178, 182)


def test_without_normalisation_the_entries_are_grey_levels():
    X = load(normalize_rows=False).X
    assert_array_equal(X, np.round(X))
    assert (X.min(), X.max()) == (0.0, 16.0)


def test_swapping_the_classes_flips_the_labels_only():
    data, swapped = load(class_a=3, class_b=8), load(class_a=8, class_b=3)
    assert_array_equal(data.X, swapped.X)
    assert_array_equal(data.y, -swapped.y)


@pytest.mark.parametrize("n", [2, 7, 20, 356, 358, 359, 360])
def test_a_subsample_is_balanced_as_far_as_the_classes_allow(n):
    data = load(n=n)
    positive = int(np.sum(data.y == 1.0))
    assert data.n == n
    assert positive == min((n + 1) // 2, 178)
    assert np.unique(data.X, axis=0).shape[0] == n


def test_a_larger_subsample_contains_the_smaller():
    small, large = load(n=9), load(n=20)
    rows = {row.tobytes() for row in large.X}
    assert all(row.tobytes() in rows for row in small.X)


def test_the_subsample_is_determined_by_the_generator():
    first, second, other = load(n=10), load(n=10), load(n=10, seed=1)
    assert_array_equal(first.X, second.X)
    assert_array_equal(first.y, second.y)
    assert not np.array_equal(first.X, other.X)


def test_projected_digits_have_the_asked_dimension_and_unit_norm():
    data = load(n=30, pca=5)
    assert data.X.shape == (30, 5)
    assert_allclose(np.linalg.norm(data.X, axis=1), 1.0, rtol=1e-14)


def test_principal_components_are_centred_uncorrelated_and_of_decreasing_variance():
    scores = load(n=40, pca=6, normalize_rows=False).X
    gram = scores.T @ scores
    scale = gram[0, 0]
    assert_allclose(scores.mean(axis=0), 0.0, atol=1e-12 * np.sqrt(scale))
    assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-12 * scale)
    assert np.all(np.diff(np.diag(gram)) <= 0.0)


def test_full_rank_projection_keeps_distances():
    X = load(n=12, normalize_rows=False).X
    scores = principal_components(X, 11)
    centred = X - X.mean(axis=0)
    assert_allclose(scores @ scores.T, centred @ centred.T, atol=1e-9)


def test_principal_components_keep_their_sign_when_the_samples_are_reordered():
    X = np.random.default_rng(2).standard_normal((15, 6))
    order = np.random.default_rng(3).permutation(15)
    assert_allclose(principal_components(X[order], 3), principal_components(X, 3)[order], atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "expected", "got"),
    [
        ({"class_a": 10}, "digit from 0 to 9", "got 10"),
        ({"class_b": -1}, "digit from 0 to 9", "got -1"),
        ({"class_a": 4, "class_b": 4}, "two different classes", "class_a=class_b=4"),
        ({"n": 1}, "n >= 2", "got 1"),
        ({"pca": 0}, "pca from 1 to 64", "got 0"),
        ({"pca": 65}, "pca from 1 to 64", "got 65"),
        ({"n": 361}, "at most 360", "got 361"),
        ({"n": 5, "pca": 5}, "at most 4", "got 5"),
        ({"pca": 64}, "the rank of the 360 centred samples", "got 64"),
    ],
)
def test_a_setting_out_of_range_says_what_was_expected_and_what_came(settings, expected, got):
    with pytest.raises(ConfigurationError) as caught:
        load(**settings)
    message = str(caught.value)
    assert "Expected" in message
    assert expected in message
    assert got in message
