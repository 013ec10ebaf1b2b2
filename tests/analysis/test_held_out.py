import numpy as np
import pytest

import relaxgap
from relaxgap.analysis.held_out import held_out, split_rows

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 2)), RNG.standard_normal(8)
CLASSES = ("no", "yes")


def test_errors_are_those_of_their_formulas():
    outputs = np.array([2.0, -1.0, 0.5])
    numbers = held_out(outputs, [1.0, 0.0, 0.5], "squared", None)
    assert numbers.test_mean_squared_error == pytest.approx(2.0 / 3.0)
    assert numbers.test_accuracy is None
    classes = held_out(outputs, ["yes", "yes", "no"], "logistic", CLASSES)
    assert classes.test_accuracy == pytest.approx(1.0 / 3.0)
    margins = np.array([2.0, -1.0, -0.5])
    assert classes.test_log_loss == pytest.approx(np.mean(np.log1p(np.exp(-margins))))
    assert classes.error == classes.test_log_loss
    hinge = held_out(outputs, ["yes", "yes", "no"], "hinge", CLASSES)
    assert hinge.test_log_loss is None
    assert hinge.error == pytest.approx(2.0 / 3.0)


@pytest.mark.slow
def test_a_path_chooses_the_beta_of_least_error_on_rows_that_it_did_not_see():
    path = relaxgap.path(X, Y, points=5, bias=True, rtol=1e-3, test=(X + 0.1, Y))
    errors = [np.mean((network.predict(X + 0.1) - Y) ** 2) for network in path.networks]
    np.testing.assert_allclose([row.test_error for row in path.rows], errors)
    assert path.best == int(np.argmin(errors))


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ((X[:, :1], Y), "Expected test rows of 2 features"),
        ((X, Y[:3]), "Expected one label for each"),
        ((X, Y[:, None]), "got labels of shape (8, 1)"),
        ((np.where(X > 1.0, np.nan, X), Y), "Expected finite numbers in the test rows, got nan"),
        ((X, ["a"] * 8), "Expected a number as the label of every test row, got 'a' in row 1"),
        ([X, Y], "Expected test rows and their labels as a pair, got list"),
    ],
)
def test_rows_that_cannot_be_tested_on_are_refused_before_the_work(test, said):
    with pytest.raises(relaxgap.DataError) as caught:
        relaxgap.path(X, Y, points=2, test=test)
    assert said in str(caught.value)


def test_an_output_that_overflows_is_refused_without_a_warning():
    network = relaxgap.FittedNetwork(relaxgap.TwoLayerNetwork(np.eye(2), np.ones(2)), False)
    outputs = network.predict(np.full((1, 2), 1e308))
    with pytest.raises(relaxgap.DataError, match="Expected finite outputs"):
        held_out(outputs, [0.0], "squared", None)


def test_rows_are_split_once_and_in_the_order_of_the_data():
    fit, test = split_rows(10, 0.3, seed=1)
    assert len(test) == 3
    assert sorted([*fit, *test]) == list(range(10))
    assert np.all(np.diff(fit) > 0)
    with pytest.raises(relaxgap.ConfigurationError, match="Expected a test_fraction between"):
        split_rows(10, 0.001, seed=1)
