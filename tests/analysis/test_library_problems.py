import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import relaxgap

RNG = np.random.default_rng(4)
X = RNG.standard_normal((12, 2)) + np.array([1.0, -2.0])
Y = np.abs(X[:, 0]) - X[:, 1] + 0.3 * RNG.standard_normal(12)


def trained(model, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, labels)


def squares(model) -> float:
    return sum(float(np.sum(weights**2)) for weights in model.coefs_)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.1, 2.0])
def test_a_regressor_of_scikit_learn_is_certified_for_the_problem_it_minimises(alpha):
    model = trained(
        MLPRegressor(hidden_layer_sizes=(6,), alpha=alpha, solver="lbfgs", random_state=0), Y
    )
    report = relaxgap.certify(model, X, Y, sklearn_alpha=alpha)
    residual = model.predict(X) - Y
    n = len(Y)
    own = np.sum(residual**2) / (2 * n) + alpha * squares(model) / (2 * n)
    assert report.network_value == pytest.approx(n * own, rel=1e-10)
    assert report.network_value == pytest.approx(n * model.loss_, rel=1e-3)
    assert report.beta == alpha
    assert (report.hidden_bias, report.output_bias) == ("free", "free")
    assert report.status is relaxgap.Status.SOLVED
    assert report.certified_ratio >= 1.0
    assert report.relative_gap <= 1e-3


@pytest.mark.slow
def test_no_start_of_scikit_learn_falls_below_the_bound():
    report = None
    for seed in range(8):
        model = trained(
            MLPRegressor(hidden_layer_sizes=(20,), alpha=0.5, solver="lbfgs", random_state=seed), Y
        )
        if report is None:
            report = relaxgap.certify(model, X, Y, sklearn_alpha=0.5)
        loss = 0.5 * np.sum((model.predict(X) - Y) ** 2) + 0.25 * squares(model)
        assert loss >= report.lower_bound
    assert report is not None
    assert report.upper_bound <= loss * (1.0 + 1e-3)


@pytest.mark.slow
def test_a_classifier_of_scikit_learn_is_certified_for_the_log_loss():
    labels = np.where(np.median(Y) < Y, "late", "early")
    model = trained(
        MLPClassifier(hidden_layer_sizes=(5,), alpha=0.3, solver="lbfgs", random_state=0), labels
    )
    report = relaxgap.certify(model, X, labels, sklearn_alpha=0.3, loss="logistic")
    chance = model.predict_proba(X)[np.arange(12), (labels == "late").astype(int)]
    own = -np.sum(np.log(chance)) + 0.15 * squares(model)
    assert report.network_value == pytest.approx(own, rel=1e-9)
    assert report.classes == ("early", "late")
    assert report.lower_bound <= report.upper_bound <= report.network_value
    assert report.relative_gap <= 1e-3


@pytest.mark.slow
def test_the_weight_decay_of_pytorch_is_on_all_parameters():
    # what torch.nn.MSELoss and SGD(weight_decay=w) follow: mean of squares, w / 2 of all squares
    w, n = 0.05, len(Y)
    hidden, bias = RNG.standard_normal((4, 2)), RNG.standard_normal(4)
    output, constant = RNG.standard_normal(4), 0.7
    report = relaxgap.certify((hidden, output, bias, constant), X, Y, torch_weight_decay=w)
    outputs = np.maximum(X @ hidden.T + bias, 0.0) @ output + constant
    all_squares = sum(np.sum(p**2) for p in (hidden, bias, output)) + constant**2
    own = np.mean((outputs - Y) ** 2) + 0.5 * w * all_squares
    assert report.beta == pytest.approx(0.5 * n * w)
    assert report.network_value == pytest.approx(0.5 * n * own, rel=1e-12)
    assert report.relative_gap <= 1e-3


@pytest.mark.slow
def test_without_a_library_an_output_bias_is_free_and_hidden_ones_are_weights():
    network = (np.eye(2), np.ones(2), np.array([0.5, 0.0]), 2.0)
    report = relaxgap.certify(network, X, Y, beta=0.5)
    assert (report.hidden_bias, report.output_bias) == ("penalised", "free")
    best = relaxgap.certify(report.best, X, Y)
    assert best.beta == 0.5
    assert best.beta_source == "remembered"
    assert best.network_value == pytest.approx(report.upper_bound, rel=1e-9)


@pytest.mark.slow
def test_a_stationary_network_implies_the_beta_of_its_problem():
    for asked in ({"bias": True}, {"penalise": "weights"}, {"penalise": "all"}):
        solved = relaxgap.solve(X, Y, beta=0.4, rtol=1e-7, **asked)
        network = solved.network
        arrays = network.arrays
        parts = (
            arrays["hidden"],
            arrays["output"],
            arrays["hidden_bias"],
            network.output_bias,
        )
        report = relaxgap.certify(parts, X, Y, penalise=asked.get("penalise"))
        assert report.beta_source == "implied"
        assert report.beta == pytest.approx(0.4, rel=1e-2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sklearn_alpha": 0.1, "beta": 1.0}, "Expected one strength, got beta and sklearn_alpha"),
        ({"sklearn_alpha": 0.1, "penalise": "all"}, "Expected penalise=weights with sklearn_alpha"),
        ({"torch_weight_decay": -1.0}, "Expected a positive, finite torch_weight_decay, got -1.0"),
        ({"beta": 1.0, "penalise": "biases"}, "Expected penalise to be weights or all"),
    ],
)
def test_a_problem_that_no_library_has_is_refused_in_one_line(asked, said):
    with pytest.raises(relaxgap.ConfigurationError) as caught:
        relaxgap.certify((np.eye(2), np.ones(2)), X, Y, **asked)
    assert said in str(caught.value)


def test_a_deep_network_of_scikit_learn_is_refused():
    model = trained(MLPRegressor(hidden_layer_sizes=(3, 3), solver="lbfgs", random_state=0), Y)
    with pytest.raises(relaxgap.DataError, match="Expected one hidden layer of ReLU"):
        relaxgap.certify(model, X, Y, beta=1.0)


TRAINED = Path(__file__).parent / "trained"
"""What `trained/train.py` trained with PyTorch, which need not be installed here."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "labels", "loss", "share"),
    [("mean_squares", "y", "squared", 0.5), ("log_loss", "labels", "logistic", 1.0)],
)
def test_a_network_of_pytorch_is_certified_for_the_problem_it_minimises(name, labels, loss, share):
    # SGD of PyTorch with weight_decay 0.02 on all parameters, to the end
    data = np.load(TRAINED / "data.npz")
    rows, y = data["X"], data[labels]
    report = relaxgap.certify(TRAINED / f"{name}.pt", rows, y, torch_weight_decay=0.02, loss=loss)
    assert report.network_value == pytest.approx(share * len(y) * data[name], rel=1e-10)
    assert report.relative_gap <= 1e-3
    assert 1.0 <= report.certified_ratio < 1.03
    implied = relaxgap.certify(TRAINED / f"{name}.pt", rows, y, penalise="all", loss=loss)
    assert implied.beta == pytest.approx(report.beta, rel=0.1)


def test_a_network_of_pytorch_predicts_here_what_it_predicts_there():
    data = np.load(TRAINED / "data.npz")
    network = relaxgap.load_network(TRAINED / "mean_squares.pt")
    np.testing.assert_allclose(network.predict(data["X"]), data["outputs"], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("penalise", ["weights", "all"])
def test_a_fraction_is_the_one_of_solve_whatever_biases_cost(penalise):
    asked = {"beta_fraction": 0.3, "penalise": penalise}
    solved = relaxgap.solve(X, Y + 5.0, rtol=1e-3, **asked)
    report = relaxgap.certify((np.eye(2), np.ones(2)), X, Y + 5.0, **asked)
    assert report.beta == pytest.approx(solved.beta, rel=1e-6)
