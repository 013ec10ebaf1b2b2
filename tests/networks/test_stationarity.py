import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import random_program
from scipy.optimize import nnls

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks import (
    TwoLayerNetwork,
    implied_beta,
    minimal_network,
    minimum_subgradient,
    stationarity_residual,
    to_network,
)
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

SEEDS = st.integers(0, 10_000)
BETA = 0.5


def random_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    rng = np.random.default_rng(seed)
    n, d, m = rng.integers(2, 9), rng.integers(1, 5), rng.integers(1, 12)
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    return TwoLayerNetwork(rng.standard_normal((m, d)), rng.standard_normal(m)), data


def one_neuron(X: list[list[float]], nu: list[float]) -> tuple[TwoLayerNetwork, Dataset]:
    """The neuron ``w = (0, 1)``, ``alpha = 1`` on labels that leave the residual ``nu``."""
    rows = np.array(X)
    network = TwoLayerNetwork(np.array([[0.0, 1.0]]), np.ones(1))
    return network, Dataset(rows, np.array(nu) + np.maximum(rows[:, 1], 0.0))


def optimal_network(seed: int) -> tuple[TwoLayerNetwork, relu_program]:
    program = random_program(relu_program, 8, 3, seed, fraction=0.1)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    return to_network(point), program


def underfitting_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    """The labels are thrice the fit and something orthogonal to it; one neuron surely fires."""
    network, data = random_network(seed)
    X = np.vstack([network.hidden[0], data.X[1:]])
    fit = network.predict(X)
    return network, Dataset(X, 3.0 * fit + data.y - (data.y @ fit) / (fit @ fit) * fit)


def scaled(network: TwoLayerNetwork, factor: float) -> TwoLayerNetwork:
    return TwoLayerNetwork(factor * network.hidden, factor * network.output)


def moved(network: TwoLayerNetwork, hidden: np.ndarray, output: np.ndarray) -> TwoLayerNetwork:
    return TwoLayerNetwork(network.hidden + hidden, network.output + output)


def nearby_gradients(network: TwoLayerNetwork, data: Dataset, n_angles: int) -> np.ndarray:
    """Gradients after tiny steps of the first two coordinates of every hidden weight."""
    angles = 2.0 * np.pi * (np.arange(n_angles) + 0.5) / n_angles
    rows = []
    for chosen in itertools.product(angles, repeat=network.width):
        steps = np.zeros(network.hidden.shape)
        steps[:, :2] = 1e-9 * np.column_stack([np.cos(chosen), np.sin(chosen)])
        near = moved(network, steps, np.zeros(network.width))
        gradient = minimum_subgradient(near, data, BETA, boundary_rtol=0.0)
        rows.append(np.append(gradient.hidden.ravel(), gradient.output))
    return np.unique(np.round(rows, 7), axis=0)


def smallest_in_hull(points: np.ndarray) -> np.ndarray:
    """Wolfe's reduction of the smallest convex combination to non-negative least squares."""
    weights, _ = nnls(np.vstack([points.T, np.ones(len(points))]), np.eye(points.shape[1] + 1)[-1])
    return np.asarray(weights @ points / weights.sum())


@settings(max_examples=40)
@given(SEEDS)
def test_at_a_smooth_point_it_is_the_gradient_of_the_training_loss(seed: int) -> None:
    network, data = random_network(seed)
    gradient = minimum_subgradient(network, data, BETA)
    rng = np.random.default_rng(seed)
    hidden = 1e-7 * rng.standard_normal(network.hidden.shape)
    output = 1e-7 * rng.standard_normal(network.width)
    ahead = moved(network, hidden, output).training_loss(data, BETA)
    behind = moved(network, -hidden, -output).training_loss(data, BETA)
    slope = float(np.sum(gradient.hidden * hidden) + gradient.output @ output)
    assert 0.5 * (ahead - behind) == pytest.approx(slope, rel=1e-6, abs=1e-13 * (1.0 + ahead))


@pytest.mark.parametrize("seed", range(5))
def test_a_network_mapped_from_the_global_optimum_is_stationary(seed: int) -> None:
    network, program = optimal_network(seed)
    assert stationarity_residual(network, program.data, program.beta) <= 1e-6
    pruned = minimal_network(network, program.data)
    assert stationarity_residual(pruned, program.data, program.beta) <= 1e-6


def test_the_optimal_networks_lie_on_kinks_and_are_not_stationary_without_them() -> None:
    network, program = optimal_network(0)
    nudge = 1e-9 * np.random.default_rng(0).standard_normal(network.hidden.shape)
    near = moved(network, nudge, np.zeros(network.width))
    assert stationarity_residual(near, program.data, program.beta) <= 1e-6
    assert stationarity_residual(near, program.data, program.beta, boundary_rtol=0.0) >= 1e-2


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_the_optimum_over_too_few_patterns_need_not_be_stationary(seed: int) -> None:
    program = random_program(relu_program, 8, 3, seed, fraction=0.3, n_gates=6)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    assert stationarity_residual(to_network(point), program.data, program.beta) >= 1e-2


@pytest.mark.parametrize("seed", range(20))
def test_a_random_network_is_far_from_stationary(seed: int) -> None:
    network, data = random_network(seed)
    assert 0.2 <= stationarity_residual(network, data, BETA) <= 1.0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tied", [-2.0, 0.0, 1.0])
def test_on_a_kink_it_is_the_smallest_convex_combination_of_the_gradients_nearby(
    seed: int, tied: float
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, 3))
    turn = rng.uniform(0.0, np.pi) + np.array([0.0, rng.uniform(0.8, 2.3)])
    X[:2] = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(2)])
    X[2] = tied * X[0]
    data = Dataset(X, 3.0 * rng.standard_normal(6))
    network = TwoLayerNetwork(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -0.5]]), rng.normal(size=2))
    found = minimum_subgradient(network, data, BETA)
    expected = smallest_in_hull(nearby_gradients(network, data, 12))
    flat = np.append(found.hidden.ravel(), found.output)
    np.testing.assert_allclose(flat, expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_at_a_zero_hidden_weight_it_is_no_longer_than_any_gradient_nearby(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((6, 2)), rng.standard_normal(6))
    network = TwoLayerNetwork(np.zeros((1, 2)), np.ones(1))
    found = minimum_subgradient(network, data, BETA)
    expected = smallest_in_hull(nearby_gradients(network, data, 400))
    assert BETA <= found.norm <= float(np.linalg.norm(expected)) + 1e-6


def test_a_concave_kink_is_stationary_and_no_local_minimum() -> None:
    # the kink's multiplier is 1/2, and the loss falls on either side of it
    network, data = one_neuron([[1.0, 0.0], [-1.0, 1.0]], [2.0 * BETA, BETA])
    assert stationarity_residual(network, data, BETA) <= 1e-14
    loss = network.training_loss(data, BETA)
    for step in (1e-3, -1e-3):
        lower = moved(network, np.array([[step, 0.0]]), np.zeros(1)).training_loss(data, BETA)
        assert lower < loss - 0.4 * abs(step)


def test_a_convex_kink_is_stationary_and_the_loss_rises_on_either_side() -> None:
    network, data = one_neuron([[1.0, 0.0], [1.0, 1.0]], [-2.0 * BETA, BETA])
    assert stationarity_residual(network, data, BETA) <= 1e-14
    loss = network.training_loss(data, BETA)
    for step in (1e-3, -1e-3):
        higher = moved(network, np.array([[step, 0.0]]), np.zeros(1)).training_loss(data, BETA)
        assert higher > loss + 0.4 * abs(step)


@pytest.mark.parametrize(
    ("X", "nu", "slope"),
    [
        pytest.param([[1.0, 0.0], [-1.0, 1.0]], [0.5, 1.0], 0.5, id="t=2 is outside the box"),
        pytest.param([[1.0, 0.0], [-1.0, 1.0]], [-0.5, 1.0], 1.0, id="t<0 is outside the box"),
        pytest.param(
            [[1.0, 0.0], [1.0, 0.0], [-1.0, 1.0]], [2.0, -2.0, 1.0], 1.0, id="equal rows share t"
        ),
        pytest.param(
            [[1.0, 0.0], [-1.0, 0.0], [-1.0, 1.0]],
            [0.25, -0.5, 1.0],
            0.5,
            id="opposite rows share t",
        ),
        pytest.param([[0.0, 0.0], [-1.0, 1.0]], [5.0, 1.0], 1.0, id="a zero row has no kink"),
    ],
)
def test_a_point_on_a_kink_with_no_valid_multiplier_is_not_stationary(
    X: list[list[float]], nu: list[float], slope: float
) -> None:
    network, data = one_neuron(X, nu)
    found = minimum_subgradient(network, data, 1.0)
    np.testing.assert_allclose(found.hidden, [[slope, 0.0]], atol=1e-14)
    np.testing.assert_allclose(found.output, [0.0], atol=1e-14)


def test_a_neuron_of_zero_weights_is_stationary_and_half_a_neuron_is_not() -> None:
    network, program = optimal_network(3)
    data, beta = program.data, program.beta
    dead = np.zeros((1, data.d))
    padded = TwoLayerNetwork(np.concatenate([network.hidden, dead]), np.append(network.output, 0.0))
    assert stationarity_residual(padded, data, beta) <= 1e-6
    only_output = TwoLayerNetwork(dead, np.ones(1))
    assert minimum_subgradient(only_output, data, beta).output == pytest.approx(beta)
    only_hidden = TwoLayerNetwork(dead + 1.0, np.zeros(1))
    np.testing.assert_array_equal(minimum_subgradient(only_hidden, data, beta).hidden, dead + beta)


def test_an_empty_or_zero_network_has_residual_zero() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    for width in (0, 3):
        network = TwoLayerNetwork(np.zeros((width, 2)), np.zeros(width))
        assert stationarity_residual(network, data, BETA) == 0.0


@settings(max_examples=20)
@given(SEEDS)
def test_the_order_of_neurons_and_samples_does_not_matter(seed: int) -> None:
    network, data = random_network(seed)
    rng = np.random.default_rng(seed)
    neurons, samples = rng.permutation(network.width), rng.permutation(data.n)
    shuffled = TwoLayerNetwork(network.hidden[neurons], network.output[neurons])
    again = stationarity_residual(shuffled, Dataset(data.X[samples], data.y[samples]), BETA)
    assert again == pytest.approx(stationarity_residual(network, data, BETA), rel=1e-12)


@pytest.mark.parametrize("x_unit", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("y_unit", [1e-8, 1e8])
def test_the_units_of_samples_and_labels_do_not_matter(x_unit: float, y_unit: float) -> None:
    network, data = random_network(7)
    root = np.sqrt(y_unit / x_unit)
    other = stationarity_residual(
        TwoLayerNetwork(root * network.hidden, root * network.output),
        Dataset(x_unit * data.X, y_unit * data.y),
        BETA * x_unit * y_unit,
    )
    assert other == pytest.approx(stationarity_residual(network, data, BETA), rel=1e-12)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.inf, np.nan])
def test_it_needs_a_positive_finite_beta(beta: float) -> None:
    network, data = random_network(0)
    with pytest.raises(ConfigurationError, match="positive, finite beta"):
        stationarity_residual(network, data, beta)


def test_it_refuses_weights_that_are_not_finite_or_of_another_dimension() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="finite weights, got 2 NaN"):
        stationarity_residual(TwoLayerNetwork(np.full((1, 2), np.nan), np.ones(1)), data, BETA)
    with pytest.raises(ValueError, match="dimension 2, got 3"):
        stationarity_residual(TwoLayerNetwork(np.ones((1, 3)), np.ones(1)), data, BETA)


@pytest.mark.parametrize("seed", range(5))
def test_a_network_mapped_from_a_solved_program_implies_the_beta_of_the_program(seed: int) -> None:
    network, program = optimal_network(seed)
    assert implied_beta(network, program.data) == pytest.approx(program.beta, rel=1e-4)
    pruned = minimal_network(network, program.data)
    assert implied_beta(pruned, program.data) == pytest.approx(program.beta, rel=1e-4)


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_an_implied_beta_does_not_make_a_network_stationary(seed: int) -> None:
    # the optimum over too few patterns is best among its multiples, with multipliers of its cones
    program = random_program(relu_program, 8, 3, seed, fraction=0.3, n_gates=6)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    beta = implied_beta(to_network(point), program.data)
    assert beta == pytest.approx(program.beta, rel=1e-4)
    assert stationarity_residual(to_network(point), program.data, beta) >= 1e-2


@settings(max_examples=40)
@given(SEEDS)
def test_at_the_implied_beta_no_scaling_of_all_weights_lowers_the_training_loss(seed: int) -> None:
    network, data = underfitting_network(seed)
    beta = implied_beta(network, data)
    loss = network.training_loss(data, beta)
    for factor in (0.5, 0.99, 1.01, 2.0):
        assert scaled(network, factor).training_loss(data, beta) > loss


@settings(max_examples=40)
@given(SEEDS, st.sampled_from([0.5, 0.99, 1.01, 2.0]))
def test_no_other_beta_has_a_shorter_smallest_subgradient(seed: int, factor: float) -> None:
    network, data = underfitting_network(seed)
    beta = implied_beta(network, data)
    shortest = minimum_subgradient(network, data, beta)
    assert minimum_subgradient(network, data, factor * beta).norm > shortest.norm
    along = float(np.sum(shortest.hidden * network.hidden) + shortest.output @ network.output)
    assert along == pytest.approx(0.0, abs=1e-10 * shortest.scale)


@pytest.mark.parametrize("x_unit", [1e-8, 1e8])
@pytest.mark.parametrize("y_unit", [1e-8, 1e8])
def test_the_implied_beta_has_the_units_of_samples_and_labels(x_unit: float, y_unit: float) -> None:
    network, data = underfitting_network(7)
    other = Dataset(x_unit * data.X, y_unit * data.y)
    found = implied_beta(scaled(network, np.sqrt(y_unit / x_unit)), other)
    assert found == pytest.approx(implied_beta(network, data) * x_unit * y_unit, rel=1e-12)


@pytest.mark.parametrize("width", [0, 3])
def test_the_zero_network_implies_no_beta(width: int) -> None:
    zero = TwoLayerNetwork(np.zeros((width, 2)), np.zeros(width))
    with pytest.raises(ConfigurationError, match="got the zero network, which is stationary at"):
        implied_beta(zero, Dataset(np.eye(2), np.ones(2)))


@pytest.mark.parametrize(
    ("label", "weight", "found"),
    [
        pytest.param(0.5, 1.0, "-0.5", id="a fit beyond the labels"),
        pytest.param(1.0, 1.0, "0", id="a fit of the labels"),
        pytest.param(1.0, -1.0, "0", id="dead neurons"),
        pytest.param(1.0, 1e100, "-inf", id="a fit beyond float64"),
    ],
)
def test_weights_that_no_weight_decay_explains_get_one_clear_line(
    label: float, weight: float, found: str
) -> None:
    network = TwoLayerNetwork(weight * np.eye(2), np.full(2, abs(weight)))
    with pytest.raises(ConfigurationError, match=f"positive, finite beta, got {found}; the"):
        implied_beta(network, Dataset(np.eye(2), np.full(2, label)))


def test_it_implies_no_beta_for_weights_that_are_not_finite_or_of_another_dimension() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="finite weights, got 1 NaN"):
        implied_beta(TwoLayerNetwork(np.eye(2), np.array([1.0, np.inf])), data)
    with pytest.raises(ValueError, match="dimension 2, got 3"):
        implied_beta(TwoLayerNetwork(np.ones((1, 3)), np.ones(1)), data)
