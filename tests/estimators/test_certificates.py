"""What a fit proves, and that estimators say what the verbs say."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import relaxgap
from relaxgap.data.dataset import Dataset
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.estimators import (
    ConvexReLUClassifier,
    ConvexReLURegressor,
    ConvexReLURegressorCV,
    GatedReLUClassifier,
    GatedReLURegressor,
)
from relaxgap.estimators.base import warn_of
from relaxgap.problems.losses import LOSSES
from relaxgap.solvers.base import Status

RNG = np.random.default_rng(0)
X = 3.0 + RNG.standard_normal((24, 3)) * [1.0, 10.0, 0.1]
Y = np.maximum(X[:, 0] - 3.0, 0.0) + 0.1 * X[:, 1]
SIDES = np.where(np.median(Y) < Y, "above", "below")
THIRDS = np.digitize(Y, np.quantile(Y, [1 / 3, 2 / 3]))


@pytest.mark.parametrize("penalise", [None, "weights", "all"])
def test_the_certificate_is_of_the_training_loss_of_the_network(penalise: str | None) -> None:
    model = ConvexReLURegressor(n_gates=5, rtol=1e-2, penalise=penalise, random_state=0).fit(X, Y)
    loss = model.network_.training_loss(Dataset(X, Y))
    found = model.certificate_
    # what free biases cost in the program is paid up to the accuracy asked for
    assert found.primal_value == pytest.approx(loss, rel=1e-2 if penalise == "weights" else 1e-9)
    assert found.dual_value <= loss * (1.0 + 1e-12)
    assert (found.relative_gap <= 1e-2, found.complete) == (True, False)
    assert model.beta_ == found.beta == model.network_.training.beta


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_a_certificate_of_classes_is_of_the_training_loss_of_the_network(loss: str) -> None:
    model = GatedReLUClassifier(loss=loss, n_gates=5, rtol=1e-2, random_state=0).fit(X, SIDES)
    signs = np.where(model.classes_[1] == SIDES, 1.0, -1.0)
    value = model.network_.training_loss(Dataset(X, signs), loss=LOSSES[loss])
    assert model.certificate_.primal_value == pytest.approx(value, rel=1e-9)


def test_an_integer_random_state_is_the_seed_of_the_verb() -> None:
    model = GatedReLURegressor(n_gates=5, beta_fraction=0.1, random_state=3).fit(X, Y)
    result = relaxgap.solve(
        X,
        Y,
        beta_fraction=0.1,
        patterns="gaussian:5",
        program="gated",
        rtol=1e-4,
        seed=3,
        bias=True,
        standardize=True,
    )
    assert model.certificate_.primal_value == result.primal_value
    assert np.array_equal(model.predict(X), result.fitted.predict(X))


def test_the_same_random_state_gives_the_same_network_and_another_another() -> None:
    def outputs(state: int | np.random.RandomState) -> np.ndarray:
        model = GatedReLURegressor(n_gates=5, rtol=1e-2, random_state=state)
        return model.fit(X, Y).predict(X)

    assert np.array_equal(outputs(1), outputs(1))
    assert not np.array_equal(outputs(1), outputs(2))
    states = [np.random.RandomState(1) for _ in range(2)]
    assert np.array_equal(outputs(states[0]), outputs(states[1]))
    assert not np.array_equal(outputs(states[0]), outputs(states[0]))


def test_all_patterns_bound_networks_of_every_width() -> None:
    few, y = X[:6, :2], Y[:6]
    model = ConvexReLURegressor(patterns="all", beta_fraction=0.1).fit(few, y)
    sampled = ConvexReLURegressor(n_gates=2, beta=model.beta_, random_state=0).fit(few, y)
    assert model.certificate_.complete
    assert sampled.certificate_.primal_value >= model.certificate_.dual_value


@pytest.mark.slow
def test_the_optimum_over_every_width_brackets_the_network() -> None:
    model = ConvexReLURegressor(
        n_gates=2, beta_fraction=0.3, rtol=1e-2, random_state=0, optimum_seconds=1.0
    ).fit(X, Y)
    report = model.optimum_
    assert report.beta == model.beta_
    assert report.network_value == pytest.approx(model.certificate_.primal_value, rel=1e-9)
    assert report.lower_bound <= report.upper_bound <= report.network_value


def test_no_optimum_is_sought_unless_it_is_asked_for() -> None:
    assert GatedReLURegressor(n_gates=2, rtol=1e-2).fit(X, Y).optimum_ is None


def test_more_than_two_classes_have_a_network_and_a_certificate_each() -> None:
    model = GatedReLUClassifier(n_gates=5, rtol=1e-2, random_state=0).fit(X, THIRDS)
    assert [len(model.network_), len(model.certificate_), len(model.n_active_)] == [3, 3, 3]
    outputs = model.decision_function(X)
    for column, network in zip(outputs.T, model.network_, strict=True):
        assert np.array_equal(column, network.predict(X))
    assert np.array_equal(model.predict(X), model.classes_[outputs.argmax(axis=1)])
    shares = model.predict_proba(X)
    assert np.allclose(shares.sum(axis=1), 1.0)
    sigmoids = 1.0 / (1.0 + np.exp(-outputs))
    assert np.allclose(shares, sigmoids / sigmoids.sum(axis=1, keepdims=True))


def test_probabilities_of_two_classes_are_of_the_logistic_model() -> None:
    model = GatedReLUClassifier(n_gates=5, rtol=1e-2, random_state=0).fit(X, SIDES)
    outputs = model.decision_function(X)
    assert model.predict_proba(X)[:, 1] == pytest.approx(1.0 / (1.0 + np.exp(-outputs)))
    assert np.array_equal(model.predict(X) == "below", outputs > 0.0)


def test_the_hinge_loss_has_no_probabilities() -> None:
    assert not hasattr(ConvexReLUClassifier(loss="hinge"), "predict_proba")
    assert hasattr(ConvexReLUClassifier(), "predict_proba")


def test_an_accuracy_that_is_not_reached_is_a_warning_and_the_bracket_stays() -> None:
    model = ConvexReLURegressor(n_gates=20, rtol=1e-13, max_seconds=1e-3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"at most 1e-13, got .* raise rtol or max_seconds"):
        model.fit(X, Y)
    assert model.certificate_.dual_value <= model.certificate_.primal_value


def test_an_interruption_is_passed_on_so_that_a_search_ends() -> None:
    with pytest.raises(KeyboardInterrupt):
        warn_of(Status.INTERRUPTED, 1.0, 1e-4, "interrupted", ())


def test_columns_in_bad_units_are_a_warning() -> None:
    model = GatedReLURegressor(n_gates=20, rtol=1e-1, standardize=False, random_state=0)
    with pytest.warns(UserWarning, match="standardize=True"):
        model.fit(1e3 + X, Y)


@pytest.mark.parametrize("n", [1, 5])
def test_constant_labels_are_predicted_by_the_output_bias_alone(n: int) -> None:
    model = ConvexReLURegressor(n_gates=3, random_state=0).fit(X[:n], np.full(n, 7.0))
    assert model.predict(X).tolist() == [7.0] * len(X)
    assert model.n_active_ == 0


def test_rows_that_are_all_alike_are_fitted_by_the_output_bias_alone() -> None:
    flat = np.full_like(X, 0.1)
    model = ConvexReLURegressor(n_gates=3, random_state=0).fit(flat, Y)
    assert model.predict(flat) == pytest.approx(Y.mean())
    classifier = ConvexReLUClassifier(n_gates=3, random_state=0).fit(flat, THIRDS > 0)
    assert classifier.predict(flat).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta": -1.0}, "positive, finite beta, got -1"),
        ({"beta_fraction": 0.0}, "positive, finite beta_fraction, got 0"),
        ({"n_gates": 0}, "N >= 1"),
        ({"program": "linear"}, "a program out of"),
        ({"penalise": "some"}, "penalise to be"),
        ({"penalise": "all", "fit_intercept": False}, "fit_intercept=True with penalise"),
        ({"program": "gated", "optimum_seconds": 1.0, "rtol": 0.1}, "gated"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_value_error_of_one_line(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        ConvexReLURegressor(**{"n_gates": 3} | settings).fit(X, Y)
    assert "\n" not in str(refused.value)


def test_labels_of_one_class_are_a_value_error_of_one_line() -> None:
    with pytest.raises(ValueError, match="got one class, 'a', alone") as refused:
        ConvexReLUClassifier().fit(X, ["a"] * len(X))
    assert "\n" not in str(refused.value)


def test_an_unknown_loss_is_none_of_a_classifier() -> None:
    with pytest.raises(ValueError, match="a loss out of logistic, hinge, squared"):
        GatedReLUClassifier(loss="absolute").fit(X, SIDES)


@pytest.mark.parametrize("labels", [SIDES, THIRDS])
def test_the_squared_loss_fits_one_network_of_all_classes(labels: np.ndarray) -> None:
    model = ConvexReLUClassifier(loss="squared", n_gates=5, rtol=1e-3, random_state=0)
    model.fit(X, labels)
    k = len(model.classes_)
    one_hot = (labels[:, None] == model.classes_).astype(np.float64)
    loss = model.network_.training_loss(VectorDataset(X, one_hot))
    found = model.certificate_
    assert found.dual_value <= loss <= found.primal_value * (1.0 + 1e-9)
    assert found.relative_gap <= 1e-3
    assert model.decision_function(X).shape == ((24,) if k == 2 else (24, k))
    nearest = model.network_.predict(X).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X), model.classes_[nearest])


def test_several_targets_are_fitted_together() -> None:
    targets = np.column_stack([Y, X[:, 1]])
    model = GatedReLURegressor(n_gates=5, rtol=1e-4, random_state=0).fit(X, targets)
    assert model.predict(X).shape == (24, 2)
    loss = model.network_.training_loss(VectorDataset(X, targets))
    assert model.certificate_.dual_value <= loss
    assert loss <= model.certificate_.primal_value * (1.0 + 1e-9)


def test_a_strength_is_chosen_on_held_out_rows_of_one_grid_of_fractions() -> None:
    model = ConvexReLURegressorCV(
        program="gated", points=4, smallest_fraction=1e-2, cv=3, n_gates=5, random_state=0
    ).fit(X, Y)
    best = int(model.mse_path_.mean(axis=1).argmin())
    row = model.path_.rows[best]
    assert model.mse_path_.shape == (4, 3)
    assert model.beta_fraction_ == pytest.approx(model.beta_fractions_[best])
    assert (model.beta_, model.certificate_.primal_value) == (row.beta, row.primal_value)
    assert np.array_equal(model.predict(X), model.path_.networks[best].predict(X))
    assert model.network_.training_loss(Dataset(X, Y)) == pytest.approx(row.primal_value)


def test_the_errors_of_a_fold_are_those_of_a_fit_to_its_other_rows() -> None:
    held = np.arange(len(X)) < 8
    model = ConvexReLURegressorCV(
        program="gated", points=2, smallest_fraction=0.1, cv=[(~held, held)], n_gates=5, rtol=1e-9
    ).fit(X, Y)
    constant = Y[~held].mean()
    assert model.mse_path_[0, 0] == pytest.approx(np.mean((Y[held] - constant) ** 2))


def test_a_cross_validation_of_constant_labels_is_a_constant() -> None:
    model = ConvexReLURegressorCV(points=3, cv=2, n_gates=3).fit(X, np.full(len(X), 7.0))
    assert model.path_ is None
    assert model.predict(X).tolist() == [7.0] * len(X)
    assert np.array_equal(model.mse_path_, np.zeros((3, 2)))


def test_no_time_for_a_single_strength_is_a_value_error() -> None:
    model = ConvexReLURegressorCV(points=3, cv=2, n_gates=3, max_seconds=1e-9)
    with pytest.raises(ValueError, match="raise"):
        model.fit(X, Y)
