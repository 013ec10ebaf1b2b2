"""Biases and scaling beside several outputs: one output is the scalar problem, bounds hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

import relaxgap
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.networks.vector_network import VectorNetwork
from relaxgap.problems.biases import Bias
from relaxgap.problems.vector_output import VectorProgram, without_biases
from relaxgap.solvers.base import Status
from relaxgap.solvers.vector.methods import METHODS

RNG = np.random.default_rng(0)
X, Y = 3.0 * RNG.standard_normal((7, 2)) + 1.0, RNG.standard_normal((7, 2)) + 2.0
DATA = VectorDataset(X, Y)
PROBLEMS: list[dict[str, Any]] = [
    {"bias": True},
    {"bias": True, "penalise": "all"},
    {"bias": True, "penalise": "weights"},
    {"bias": True, "penalise": "weights", "standardize": True},
    {"standardize": True},
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_one_output_with_biases_is_the_scalar_problem(problem: dict[str, Any]) -> None:
    asked = problem | {"beta_fraction": 0.05, "rtol": 1e-5, "time_limit": 60.0}
    vector, scalar = relaxgap.solve(X, Y[:, :1], **asked), relaxgap.solve(X, Y[:, 0], **asked)
    assert vector.status is scalar.status is Status.SOLVED
    assert vector.beta == pytest.approx(scalar.beta, rel=1e-4)
    again = relaxgap.solve(X, Y[:, :1], beta=scalar.beta, **(problem | {"rtol": 1e-5}))
    assert again.dual_value <= scalar.primal_value
    assert scalar.dual_value <= again.primal_value


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_network_has_the_loss_that_is_said(problem: dict[str, Any], tmp_path: Path) -> None:
    result = relaxgap.solve(X, Y, beta_fraction=0.1, rtol=1e-4, time_limit=60.0, **problem)
    loss = result.fitted.training_loss(DATA)
    assert result.dual_value <= loss <= result.primal_value * (1.0 + 1e-10)
    assert result.network.predict(X).shape == Y.shape
    again = relaxgap.load_network(result.fitted.save(tmp_path / "net.npz"))
    np.testing.assert_array_equal(again.predict(X), result.network.predict(X))
    np.testing.assert_allclose(again.folded().predict(X), again.predict(X), rtol=1e-9)
    report = relaxgap.certify(tmp_path / "net.npz", X, Y, rtol=1e-3)
    assert isinstance(report, VectorReport)
    assert report.beta_source == "remembered"
    assert 1.0 <= report.certified_ratio <= 1.001
    assert (report.hidden_bias, report.output_bias) == (result.hidden_bias, result.output_bias)


@pytest.mark.parametrize("problem", PROBLEMS[:3])
@pytest.mark.parametrize("solver", METHODS)
def test_no_network_with_biases_falls_below_the_bound(problem: dict[str, Any], solver: str) -> None:
    result = relaxgap.solve(
        X, Y, beta_fraction=0.1, rtol=1e-4, solver=solver, time_limit=3.0, **problem
    )
    rng = np.random.default_rng(1)
    found = relaxgap.solve(X, Y, beta=result.beta, rtol=1e-4, time_limit=60.0, **problem)
    best = found.fitted
    inner = best.network
    assert isinstance(inner, VectorNetwork)
    assert result.dual_value <= found.primal_value
    for _ in range(200):
        noise = 10.0 ** rng.uniform(-6, 0)
        hidden = inner.hidden * (1.0 + noise * rng.standard_normal(inner.hidden.shape))
        output = inner.output * (1.0 + noise * rng.standard_normal(inner.output.shape))
        moved = relaxgap.FittedNetwork(
            VectorNetwork(hidden, output),
            best.has_bias,
            best.output_bias + noise * rng.standard_normal(2),
            training=best.training,
        )
        assert moved.training_loss(DATA) >= result.dual_value


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6, 1e9])
def test_free_output_biases_take_any_offset_of_the_labels(offset: float) -> None:
    moved = relaxgap.solve(X, Y + offset, beta=1.0, rtol=1e-5, bias=True)
    here = relaxgap.solve(X, (Y + offset) - offset, beta=1.0, rtol=1e-5, bias=True)
    assert moved.status is Status.SOLVED
    assert moved.dual_value <= here.primal_value
    assert here.dual_value <= moved.primal_value


def test_centred_labels_are_what_biases_leave() -> None:
    beta, penalty = 0.7, 0.3
    labels, centring, error = without_biases(Y, penalty)
    program = VectorProgram(VectorDataset(X, labels), beta, centring, error)
    hidden, output = RNG.standard_normal((3, 2)), RNG.standard_normal((3, 2))
    rest = Y - np.maximum(X @ hidden.T, 0.0) @ output
    constants = rest.sum(axis=0) / (7 + penalty)
    loss = 0.5 * float(np.sum((rest - constants) ** 2)) + 0.5 * penalty * float(
        constants @ constants
    )
    loss += beta * float(np.linalg.norm(hidden, axis=1) @ np.linalg.norm(output, axis=1))
    assert program.value(hidden, output) == pytest.approx(loss, rel=1e-12)
    assert program.attained(hidden, output) >= loss


def test_a_perceptron_of_several_targets_is_certified_as_it_was_trained() -> None:
    model = MLPRegressor(
        hidden_layer_sizes=(20,), alpha=2.0, max_iter=4000, tol=1e-9, random_state=0, solver="adam"
    )
    model.set_params(learning_rate_init=0.01)
    model.fit(X, Y)
    report = relaxgap.certify(model, X, Y, sklearn_alpha=2.0, rtol=1e-3, time_limit=20.0)
    assert isinstance(report, VectorReport)
    assert (report.beta, report.hidden_bias) == (2.0, Bias.FREE)
    squares = sum(float(np.sum(weights**2)) for weights in model.coefs_)
    loss = 0.5 * float(np.sum((model.predict(X) - Y) ** 2)) + squares
    assert report.network_value == pytest.approx(loss, rel=1e-12)
    # the gradient of scikit-learn is the one of this loss
    assert 1.0 <= report.certified_ratio < 1.2


def test_a_weight_decay_of_pytorch_is_one_of_a_mean_over_samples_and_outputs() -> None:
    pair = (np.ones((1, 2)), np.ones((1, 2)))
    report = relaxgap.certify(pair, X, Y, torch_weight_decay=0.1, time_limit=2.0)
    assert report.beta == pytest.approx(0.5 * 7 * 2 * 0.1)


def test_the_gated_program_has_biases_too() -> None:
    asked: dict[str, Any] = {"program": "gated", "patterns": 6, "bias": True, "standardize": True}
    result = relaxgap.solve(X, Y, beta_fraction=0.1, rtol=1e-7, **asked)
    assert result.status is Status.SOLVED
    loss = result.fitted.training_loss(DATA)
    assert result.dual_value <= loss <= result.primal_value * (1.0 + 1e-10)
    folded = result.fitted.folded()
    np.testing.assert_allclose(folded.predict(X), result.network.predict(X), rtol=1e-9)


def test_patches_have_biases_too() -> None:
    patches = RNG.standard_normal((6, 2, 2))
    result = relaxgap.solve(patches, Y[:6], beta_fraction=0.1, rtol=1e-6, bias=True)
    assert result.status is Status.SOLVED
    data = VectorDataset(patches.reshape(12, 2), Y[:6])
    loss = result.fitted.training_loss(data)
    assert result.dual_value <= loss <= result.primal_value * (1.0 + 1e-10)


@pytest.mark.parametrize("constant", [0.0, 1e6, 1e10, 1e16])
def test_offsets_that_hide_labels_leave_the_bound_below_every_network(constant: float) -> None:
    rows, labels = np.array([[1.0], [2.0]]), np.array([[constant], [constant + 2.0]])
    found = relaxgap.solve(rows, labels, beta=1e6, bias=True)
    # no neuron pays at this strength: the best constant leaves a loss of exactly 1
    assert found.dual_value <= 1.0 <= found.primal_value
    assert found.fitted.training_loss(VectorDataset(rows, labels)) <= found.primal_value


def test_constant_labels_cost_nothing_beside_a_free_bias() -> None:
    found = relaxgap.solve(np.arange(10.0)[:, None], np.full((10, 2), 0.3), beta=1.0, bias=True)
    assert found.dual_value == 0.0


def test_what_is_charged_for_free_hidden_biases_is_none_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((30, 10)), rng.standard_normal((30, 2))
    found = relaxgap.solve(rows, labels, beta_fraction=0.3, penalise="weights", time_limit=2.0)
    loss = found.fitted.training_loss(VectorDataset(rows, labels))
    assert found.primal_value == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("patterns", ["gaussian:2", "all"])
def test_free_biases_are_solved_over_listed_cells(seed: int, patterns: str) -> None:
    rng = np.random.default_rng(seed)
    n, d, q = (int(rng.integers(*ends)) for ends in ((3, 7), (1, 4), (1, 3)))
    rows, labels = rng.standard_normal((n, d)), rng.standard_normal((n, q))
    asked: dict[str, Any] = {"patterns": patterns, "penalise": "weights", "program": "vector"}
    found = relaxgap.solve(rows, labels, beta_fraction=0.1, rtol=2e-6, **asked)
    assert found.status is Status.SOLVED
    tight = relaxgap.solve(rows, labels, beta=found.beta, rtol=1e-9, **asked)
    assert tight.relative_gap <= 2e-6


def test_a_strength_of_nothing_is_refused_beside_penalised_biases() -> None:
    for labels in (np.array([[0.66]]), np.array([0.66])):
        with pytest.raises(relaxgap.ConfigurationError, match="up to rounding"):
            relaxgap.solve(np.zeros((1, 2)), labels, beta_fraction=0.9, penalise="all", patterns=1)
