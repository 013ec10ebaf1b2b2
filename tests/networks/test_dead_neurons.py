import numpy as np
import pytest
from instances import random_program

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, dead_neuron_prices, to_network
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

LIVE = [0.0, 0.0, 1.0]
DATA = Dataset(np.eye(3), np.array([3.0, -4.0, 1.0]))
"""The live neuron fits the third label: the residual is (3, -4, 0)."""


def with_dead(*hidden: list[float], size: float = 1e-9) -> TwoLayerNetwork:
    rows = np.array([LIVE, *(list(size * np.array(row)) for row in hidden)])
    return TwoLayerNetwork(rows, np.array([1.0] + [size] * len(hidden)))


@pytest.mark.parametrize(
    ("hidden", "own", "other"),
    [
        pytest.param([1.0, -1.0, -1.0], 3.0, 0.0, id="the first sample alone"),
        pytest.param([-1.0, 1.0, 1.0], 0.0, 4.0, id="the second sample, with the opposite sign"),
        pytest.param([1.0, 1.0, 1.0], 3.0, 4.0, id="both signs in the positive cone"),
        pytest.param([-1.0, -1.0, -1.0], 0.0, 0.0, id="no sample"),
        pytest.param([1.0, 0.0, -1.0], 3.0, 4.0, id="a sample on the boundary is active"),
    ],
)
def test_the_prices_are_those_of_the_pattern_of_the_tiny_weight(
    hidden: list[float], own: float, other: float
) -> None:
    network = with_dead(hidden)
    (found,) = dead_neuron_prices(network, DATA)
    for price, exact in zip(found, (own, other), strict=True):
        assert exact <= price <= exact + 1e-7
    flipped = TwoLayerNetwork(network.hidden, network.output * np.array([1.0, -1.0]))
    (found,) = dead_neuron_prices(flipped, DATA)
    for price, exact in zip(found, (other, own), strict=True):
        assert exact <= price <= exact + 1e-7


def test_the_price_grows_with_a_cone_that_does_not_cut_it() -> None:
    # rows (1, 0) and (1, 1), residual (1, 1): the gradient (2, 1) lies in the all-active cone
    X = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    network = with_dead([1.0, 1.0, 1.0])
    ((found, _),) = dead_neuron_prices(network, Dataset(X, np.array([1.0, 1.0, 1.0])))
    assert found == pytest.approx(np.sqrt(5.0), rel=1e-7)


def test_a_hidden_weight_of_exactly_zero_has_no_price_and_satisfies_nothing() -> None:
    prices = dead_neuron_prices(with_dead([0.0, 0.0, 0.0], [1.0, -1.0, -1.0]), DATA)
    assert np.isnan(prices[0]).all()
    assert prices[1, 0] == pytest.approx(3.0)
    assert not np.all(prices <= 1e9)


@pytest.mark.parametrize("size", [1e-3, 1.0])
def test_a_neuron_that_is_not_negligible_is_not_dead(size: float) -> None:
    assert dead_neuron_prices(with_dead([1.0, 1.0, 1.0], size=size), DATA).size == 0


def test_neurons_of_one_pattern_have_one_price_in_their_order() -> None:
    network = with_dead([1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [2.0, -1.0, -3.0])
    first, second, third = dead_neuron_prices(network, DATA)
    np.testing.assert_array_equal(first, third)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("width", [0, 3])
def test_the_zero_network_has_only_prices_without_pattern(width: int) -> None:
    prices = dead_neuron_prices(TwoLayerNetwork(np.zeros((width, 3)), np.zeros(width)), DATA)
    assert prices.shape == (width, 2)
    assert np.isnan(prices).all()


@pytest.mark.parametrize("seed", range(5))
def test_beside_an_optimal_network_no_dead_neuron_costs_more_than_beta(seed: int) -> None:
    program = random_program(relu_program, 8, 3, seed, fraction=0.1)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    network = to_network(point)
    tiny = 1e-9 * np.random.default_rng(seed).standard_normal((50, 3))
    padded = TwoLayerNetwork(
        np.concatenate([network.hidden, tiny]), np.concatenate([network.output, tiny[:, 0]])
    )
    prices = dead_neuron_prices(padded, program.data)
    assert prices.shape == (50, 2)
    assert np.all(prices <= program.beta * (1.0 + 1e-5))
    assert np.max(prices) > 0.5 * program.beta


def test_above_beta_a_dead_neuron_comes_back_to_life_and_lowers_the_loss() -> None:
    network, beta = with_dead([1.0, -1.0, -1.0]), 1.0
    ((price, _),) = dead_neuron_prices(network, DATA)
    assert price > beta
    revived = TwoLayerNetwork(np.array([LIVE, [0.1, 0.0, 0.0]]), np.array([1.0, 0.1]))
    fall = network.training_loss(DATA, beta) - revived.training_loss(DATA, beta)
    assert fall == pytest.approx(0.01 * (price - beta), rel=0.05)


def test_it_refuses_weights_that_are_not_finite_or_of_another_dimension() -> None:
    with pytest.raises(ValueError, match="finite weights, got 1 NaN"):
        dead_neuron_prices(TwoLayerNetwork(np.eye(3), np.array([1.0, 1.0, np.inf])), DATA)
    with pytest.raises(ValueError, match="dimension 3, got 2"):
        dead_neuron_prices(TwoLayerNetwork(np.eye(2), np.ones(2)), DATA)
