from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import random_program

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks import (
    Descent,
    TwoLayerNetwork,
    minimal_network,
    minimum_subgradient,
    stationarity_residual,
    steepest_descent,
    to_network,
)
from relaxgap.networks.landscape import descent
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

SEEDS = st.integers(0, 10_000)
BETA = 0.5


def kinked_network(
    seed: int, n_boundary: int = 5, tied: float = 1.0, heights: tuple[float, ...] = (1.0, -0.5)
) -> tuple[TwoLayerNetwork, Dataset]:
    """Neurons along the third axis, and samples in the plane of the first two, two of them tied.

    A height of 0 is a neuron whose hidden weight is zero.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_boundary + 4, 3))
    X[:n_boundary, 2] = 0.0
    X[1] = tied * X[0]
    hidden = np.zeros((len(heights), 3))
    hidden[:, 2] = heights
    network = TwoLayerNetwork(hidden, rng.standard_normal(len(heights)))
    return network, Dataset(X, network.predict(X) + rng.standard_normal(n_boundary + 4))


def one_neuron(X: list[list[float]], nu: list[float]) -> tuple[TwoLayerNetwork, Dataset]:
    """The neuron ``w = (0, 1)``, ``alpha = 1`` on labels that leave the residual ``nu``."""
    rows = np.array(X)
    network = TwoLayerNetwork(np.array([[0.0, 1.0]]), np.ones(1))
    return network, Dataset(rows, np.array(nu) + np.maximum(rows[:, 1], 0.0))


def optimal_network(seed: int) -> tuple[TwoLayerNetwork, relu_program]:
    program = random_program(relu_program, 8, 3, seed, fraction=0.1)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    return to_network(point), program


def change(
    network: TwoLayerNetwork, data: Dataset, hidden: np.ndarray, output: np.ndarray, step: float
) -> float:
    """The change of the loss over the step; the loss is quadratic or quartic between kinks."""
    ahead = TwoLayerNetwork(network.hidden + step * hidden, network.output + step * output)
    return (ahead.training_loss(data, BETA) - network.training_loss(data, BETA)) / step


def assert_is_the_slope(found: Descent, network: TwoLayerNetwork, data: Dataset) -> None:
    size = np.hypot(np.linalg.norm(found.hidden), np.linalg.norm(found.output))
    assert size == pytest.approx(1.0, rel=1e-14)
    rate = change(network, data, found.hidden, found.output, 1e-7)
    assert rate == pytest.approx(found.slope, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tied", [-2.0, 0.0, 1.0])
@pytest.mark.parametrize("heights", [(1.0, -0.5), (1.0, 0.0), (0.0,)])
def test_the_loss_falls_along_it_at_its_slope_and_along_nothing_faster(
    seed: int, tied: float, heights: tuple[float, ...]
) -> None:
    network, data = kinked_network(seed, tied=tied, heights=heights)
    found = steepest_descent(network, data, BETA)
    assert_is_the_slope(found, network, data)
    rng = np.random.default_rng(seed)
    for turn in (0.01, 0.1, 1.0, 100.0):
        for _ in range(40):
            hidden = found.hidden + turn * rng.standard_normal(found.hidden.shape)
            output = found.output + turn * rng.standard_normal(network.width)
            size = np.hypot(np.linalg.norm(hidden), np.linalg.norm(output))
            rate = change(network, data, hidden / size, output / size, 1e-7)
            assert rate >= found.slope - 1e-5


@settings(max_examples=40)
@given(SEEDS)
def test_at_a_smooth_point_it_is_minus_the_gradient(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((6, 3)), rng.standard_normal(6))
    network = TwoLayerNetwork(rng.standard_normal((4, 3)), rng.standard_normal(4))
    gradient = minimum_subgradient(network, data, BETA)
    found = steepest_descent(network, data, BETA)
    assert found.n_concave_kinks == 0
    assert found.slope == pytest.approx(-gradient.norm, rel=1e-12)
    assert found.relative_slope == pytest.approx(-gradient.relative_norm, rel=1e-12)
    np.testing.assert_allclose(gradient.norm * found.hidden, -gradient.hidden, atol=1e-12)
    np.testing.assert_allclose(gradient.norm * found.output, -gradient.output, atol=1e-12)


@settings(max_examples=40)
@given(SEEDS)
def test_it_is_at_least_as_steep_as_the_smallest_subgradient(seed: int) -> None:
    network, data = kinked_network(seed)
    gradient, found = (
        minimum_subgradient(network, data, BETA),
        steepest_descent(network, data, BETA),
    )
    assert -found.slope >= gradient.norm * (1.0 - 1e-12)
    assert -1.0 <= found.relative_slope <= 0.0
    if found.n_concave_kinks == 0:
        assert -found.slope == pytest.approx(gradient.norm, rel=1e-9)


def test_a_concave_kink_is_left_on_either_side() -> None:
    network, data = one_neuron([[1.0, 0.0], [-1.0, 1.0]], [2.0 * BETA, BETA])
    assert stationarity_residual(network, data, BETA) <= 1e-14
    found = steepest_descent(network, data, BETA)
    assert found.n_concave_kinks == 1
    assert found.slope == pytest.approx(-BETA, rel=1e-14)
    np.testing.assert_allclose(np.abs(found.hidden), [[1.0, 0.0]], atol=1e-14)
    for step in (1e-3, 1e-2, 0.1):
        assert change(network, data, found.hidden, found.output, step) < -0.8 * BETA


def test_two_neurons_of_one_cell_on_concave_kinks_add_up() -> None:
    network = TwoLayerNetwork(np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2))
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    data = Dataset(X, network.predict(X) + BETA * np.array([2.0, 2.0, -1.0]))
    assert stationarity_residual(network, data, BETA) <= 1e-14
    found = steepest_descent(network, data, BETA)
    assert found.n_concave_kinks == 2
    assert found.slope == pytest.approx(-BETA * np.sqrt(2.0), rel=1e-14)
    assert_is_the_slope(found, network, data)
    assert change(network, data, found.hidden, found.output, 0.1) < -0.4 * BETA


def test_a_convex_kink_at_a_local_minimum_has_slope_zero() -> None:
    network, data = one_neuron([[1.0, 0.0], [1.0, 1.0]], [-2.0 * BETA, BETA])
    found = steepest_descent(network, data, BETA)
    assert found.n_concave_kinks == 0
    assert abs(found.relative_slope) <= 1e-14
    rng = np.random.default_rng(0)
    loss = network.training_loss(data, BETA)
    for step in 1e-2 * rng.standard_normal((200, 3)):
        near = TwoLayerNetwork(network.hidden + step[:2], network.output + step[2:])
        assert near.training_loss(data, BETA) > loss


@pytest.mark.parametrize("seed", range(5))
def test_from_the_global_optimum_nothing_leads_down(seed: int) -> None:
    network, program = optimal_network(seed)
    for optimal in (network, minimal_network(network, program.data)):
        assert stationarity_residual(optimal, program.data, program.beta) <= 1e-6
        assert steepest_descent(optimal, program.data, program.beta).relative_slope >= -1e-6


@pytest.mark.parametrize("tied", [1.0, -1.0])
def test_rows_of_one_line_make_one_kink(tied: float) -> None:
    network, data = one_neuron([[1.0, 0.0], [tied, 0.0], [-1.0, 1.0]], [0.75, 0.25, BETA])
    found = steepest_descent(network, data, BETA)
    assert found.n_concave_kinks == 1
    # equal rows act as one; opposite ones give a slope of their own to the side without kink
    assert found.slope == pytest.approx(-0.5 if tied > 0.0 else -0.75, abs=1e-14)
    assert_is_the_slope(found, network, data)


def test_a_neuron_of_zero_weights_neither_moves_nor_has_kinks() -> None:
    network, data = kinked_network(0)
    padded = TwoLayerNetwork(np.vstack([network.hidden, np.zeros(3)]), np.append(network.output, 0))
    found, alone = steepest_descent(padded, data, BETA), steepest_descent(network, data, BETA)
    assert found.slope == pytest.approx(alone.slope, rel=1e-14)
    assert found.n_concave_kinks == alone.n_concave_kinks
    np.testing.assert_array_equal(found.hidden[-1], np.zeros(3))
    assert found.output[-1] == 0.0


@pytest.mark.parametrize("width", [0, 3])
def test_the_zero_network_has_no_descent(width: int) -> None:
    network = TwoLayerNetwork(np.zeros((width, 2)), np.zeros(width))
    found = steepest_descent(network, Dataset(np.eye(2), np.ones(2)), BETA)
    assert (found.slope, found.relative_slope, found.n_concave_kinks) == (0.0, 0.0, 0)
    assert not found.hidden.any()
    assert not found.output.any()


@pytest.mark.parametrize("seed", range(10))
def test_more_kinks_than_are_enumerated_still_give_a_derivative_close_to_the_smallest(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, data = kinked_network(seed, n_boundary=15, tied=0.0, heights=(1.0,))
    nu = data.y - network.predict(data.X)
    nu[:13], nu[13:15] = np.abs(nu[:13]), -np.abs(nu[13:15])
    bent = Dataset(data.X, network.predict(data.X) + np.sign(network.output) * nu)
    found = steepest_descent(network, bent, BETA)
    # one of the 13 samples is zero
    assert found.n_concave_kinks == 12
    assert_is_the_slope(found, network, bent)
    monkeypatch.setattr(descent, "_MAX_ENUMERATED", 12)
    smallest = steepest_descent(network, bent, BETA).slope
    assert smallest * (1.0 + 1e-12) <= found.slope <= 0.95 * smallest


@pytest.mark.parametrize("x_unit", [1e-8, 1e8])
@pytest.mark.parametrize("y_unit", [1e-8, 1e8])
def test_the_units_of_samples_and_labels_do_not_matter(x_unit: float, y_unit: float) -> None:
    network, data = kinked_network(7)
    root = np.sqrt(y_unit / x_unit)
    other = steepest_descent(
        TwoLayerNetwork(root * network.hidden, root * network.output),
        Dataset(x_unit * data.X, y_unit * data.y),
        BETA * x_unit * y_unit,
    )
    found = steepest_descent(network, data, BETA)
    assert other.relative_slope == pytest.approx(found.relative_slope, rel=1e-12)
    assert other.n_concave_kinks == found.n_concave_kinks
    np.testing.assert_allclose(other.hidden, found.hidden, atol=1e-12)


def test_it_needs_a_positive_beta_and_finite_weights() -> None:
    network, data = kinked_network(0)
    with pytest.raises(ConfigurationError, match="positive, finite beta, got 0"):
        steepest_descent(network, data, 0.0)
    with pytest.raises(ValueError, match="finite weights, got 2 NaN"):
        steepest_descent(replace(network, output=np.full(2, np.nan)), data, BETA)
