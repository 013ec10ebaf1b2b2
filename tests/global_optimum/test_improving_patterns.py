import numpy as np
import pytest

from relaxgap.certificates import beta_max, block_prices
from relaxgap.data import Dataset
from relaxgap.global_optimum.improving_patterns import improving_patterns
from relaxgap.global_optimum.local_pricing import random_starts
from relaxgap.networks import TwoLayerNetwork, to_network
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton


def instance(seed: int, n: int = 8, d: int = 3) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


def starts(data: Dataset) -> np.ndarray:
    return random_starts(data, np.random.default_rng(1))


def zero_network(data: Dataset) -> TwoLayerNetwork:
    return TwoLayerNetwork(np.zeros((0, data.d)), np.zeros(0))


def random_network(data: Dataset, size: float = 1.0) -> TwoLayerNetwork:
    rng = np.random.default_rng(2)
    hidden, output = rng.standard_normal((5, data.d)), rng.standard_normal(5)
    return TwoLayerNetwork(size * hidden, size**0.5 * output)


@pytest.mark.parametrize("seed", range(3))
def test_at_the_optimum_no_pattern_improves_and_the_largest_price_is_beta(seed: int) -> None:
    data = instance(seed)
    patterns = enumerate_patterns(data.X)
    beta = 0.1 * beta_max(data, patterns, relu_program)
    solution = SemismoothNewton(1e-10).solve(relu_program(data, patterns, beta))
    network = to_network(solution.point)
    found = improving_patterns(network, data, beta, 1e-4, starts(data))
    assert found.n_found == 0
    assert found.largest_price_ratio == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("fraction", [0.5, 2.0])
def test_the_largest_price_of_the_zero_network_is_beta_max(fraction: float) -> None:
    data = instance(3)
    unit = beta_max(data, enumerate_patterns(data.X), relu_program)
    found = improving_patterns(zero_network(data), data, fraction * unit, 1e-3, starts(data))
    assert found.largest_price_ratio == pytest.approx(1.0 / fraction, rel=1e-6)
    assert (found.n_found > 0) == (fraction < 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_never_more_patterns_are_found_than_price_above_beta(seed: int) -> None:
    data = instance(seed)
    network, patterns = random_network(data), enumerate_patterns(data.X)
    nu = data.y - network.predict(data.X)
    beta = 0.3 * beta_max(Dataset(data.X, nu), patterns, relu_program)
    prices = block_prices(relu_program(data, patterns, beta), nu, beta)
    above = np.count_nonzero(np.any(np.reshape(prices.bounds, (2, -1)) > beta, axis=0))
    found = improving_patterns(network, data, beta, 1e-3, starts(data))
    assert 1 <= found.n_found <= above
    assert found.largest_price_ratio <= prices.largest / beta


def test_a_network_that_interpolates_has_no_price() -> None:
    data = Dataset(np.eye(2), np.array([1.0, 0.0]))
    network = TwoLayerNetwork(np.array([[1.0, 0.0]]), np.array([1.0]))
    found = improving_patterns(network, data, 0.1, 1e-3, starts(data))
    assert (found.n_found, found.largest_price_ratio) == (0, 0.0)


def test_a_diverged_network_has_prices_although_its_residual_has_no_square() -> None:
    data = instance(5)
    near, far = (
        improving_patterns(random_network(data, size), data, 1e-3 * size**1.5, 1e-3, starts(data))
        for size in (1e10, 1e120)
    )
    assert far.n_found == near.n_found > 0
    assert far.largest_price_ratio == pytest.approx(near.largest_price_ratio, rel=1e-6)


def test_the_networks_own_neurons_are_starts() -> None:
    data = instance(6)
    network = TwoLayerNetwork(data.X[:1] * np.sign(data.y[0]), np.array([-1.0]))
    found = improving_patterns(network, data, 1e-3, 1e-3, np.zeros((0, data.d)))
    assert found.n_found >= 1
