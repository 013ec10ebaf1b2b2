import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import random_program

from relaxgap.data.dataset import Dataset
from relaxgap.networks import (
    TwoLayerNetwork,
    minimal_network,
    stationarity_residual,
    structure_of,
    to_blocks,
    to_network,
)
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

PLANE = Dataset(np.eye(2), np.ones(2))


def network_of(hidden: list[list[float]], output: list[float]) -> TwoLayerNetwork:
    return TwoLayerNetwork(np.array(hidden), np.array(output))


def pruned_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((6, 3)), rng.standard_normal(6))
    network = TwoLayerNetwork(rng.standard_normal((20, 3)), rng.standard_normal(20))
    return minimal_network(network, data), data


def split(network: TwoLayerNetwork, j: int, share: float) -> TwoLayerNetwork:
    roots = np.ones(network.width)
    roots[j] = np.sqrt(share)
    rest = np.sqrt(1.0 - share)
    return TwoLayerNetwork(
        np.concatenate([roots[:, None] * network.hidden, rest * network.hidden[[j]]]),
        np.append(roots * network.output, rest * network.output[j]),
    )


def optimal_network(seed: int) -> tuple[TwoLayerNetwork, relu_program]:
    program = random_program(relu_program, 8, 3, seed, fraction=0.1)
    point = SemismoothNewton(rtol=1e-10).solve(program).point
    return to_network(point), program


@pytest.mark.parametrize("seed", range(5))
def test_an_optimal_network_is_nearly_minimal_and_minimal_once_pruned(seed: int) -> None:
    network, program = optimal_network(seed)
    structure = structure_of(network, program.data)
    assert structure.scaled
    assert structure.nearly_minimal
    pruned = structure_of(minimal_network(network, program.data), program.data)
    assert pruned.minimal
    assert pruned.n_cells == pruned.n_live == pruned.n_neurons <= structure.n_cells


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_splitting_a_neuron_keeps_a_network_nearly_minimal_and_no_longer_minimal(
    seed: int, share: float
) -> None:
    network, data = pruned_network(seed)
    assert structure_of(network, data).minimal
    structure = structure_of(split(network, seed % network.width, share), data)
    assert structure.nearly_minimal
    assert not structure.minimal
    assert structure.n_cells == network.width == structure.n_live - 1


@pytest.mark.parametrize("seed", range(2))
def test_splitting_on_the_boundary_of_a_cone_keeps_one_cell(seed: int) -> None:
    network, program = optimal_network(seed)
    network = minimal_network(network, program.data)
    cells = structure_of(network, program.data).n_cells
    for share in np.random.default_rng(seed).uniform(0.1, 0.9, 20):
        for j in range(network.width):
            structure = structure_of(split(network, j, share), program.data)
            assert structure.nearly_minimal
            assert structure.n_cells == cells


@pytest.mark.parametrize("seed", range(4))
def test_moving_weight_from_one_layer_to_the_other_breaks_the_scaling(seed: int) -> None:
    network, data = pruned_network(seed)
    hidden, output = network.hidden.copy(), network.output.copy()
    hidden[0] *= 2.0
    output[0] /= 2.0
    structure = structure_of(TwoLayerNetwork(hidden, output), data)
    assert structure.scale_imbalance == pytest.approx(0.75)
    assert not structure.scaled
    assert not structure.nearly_minimal
    assert not structure.minimal
    assert structure.n_cells == network.width


@pytest.mark.parametrize("seed", range(6))
def test_the_cells_of_a_random_network_are_the_blocks_of_its_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((4, 2)), rng.standard_normal(4))
    network = TwoLayerNetwork(rng.standard_normal((40, 2)), rng.standard_normal(40))
    structure = structure_of(network, data)
    assert structure.n_cells == to_blocks(network, data).point.active_blocks
    assert not structure.scaled
    assert structure.n_live == structure.n_neurons == 40


@pytest.mark.parametrize("angle", [1e-9, 1e-3, 1.0])
def test_the_collinearity_defect_is_the_distance_of_the_directions(angle: float) -> None:
    base = 0.25
    hidden = [
        [2.0 * np.cos(base), 2.0 * np.sin(base)],
        [np.cos(base + angle), np.sin(base + angle)],
    ]
    structure = structure_of(network_of(hidden, [2.0, 1.0]), PLANE)
    assert structure.collinearity_defect == pytest.approx(2.0 * np.sin(angle / 2.0), rel=1e-6)
    assert structure.nearly_minimal == (angle <= 1e-6)
    assert not structure.minimal
    assert structure.scaled


def test_opposite_output_signs_are_different_cells() -> None:
    structure = structure_of(network_of([[0.6, 0.8], [0.6, 0.8]], [1.0, -1.0]), PLANE)
    assert structure.minimal
    assert structure.n_cells == 2


def test_a_zero_pre_activation_is_active_whatever_its_rounding() -> None:
    hidden = [[1.0, 0.0], [1.0, 1e-16], [1.0, -1e-16]]
    structure = structure_of(network_of(hidden, [1.0, 1.0, 1.0]), PLANE)
    assert structure.n_cells == 1
    assert structure.nearly_minimal
    clear = structure_of(network_of([[1.0, 0.0], [1.0, -0.1]], [1.0, np.sqrt(1.01)]), PLANE)
    assert clear.n_cells == 2


def test_zero_neurons_are_ignored() -> None:
    network = network_of([[0.6, 0.8], [0.0, 0.0], [1e-9, -2e-9]], [1.0, 0.0, -1e-10])
    structure = structure_of(network, PLANE)
    assert structure.minimal
    assert (structure.n_neurons, structure.n_live, structure.n_cells) == (3, 1, 1)


@pytest.mark.parametrize(
    ("hidden", "output"), [([0.0, 0.0], 1.0), ([0.6, 0.8], 0.0)], ids=["no input", "no output"]
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_neuron_with_one_weight_zero_is_not_scaled(
    hidden: list[float], output: float, alone: bool
) -> None:
    others = [] if alone else [[0.6, 0.8]]
    network = network_of([*others, hidden], [1.0] * len(others) + [output])
    structure = structure_of(network, PLANE)
    assert structure.scale_imbalance == 1.0
    assert not structure.scaled
    assert structure.n_live == structure.n_cells == len(others)


@pytest.mark.parametrize("width", [0, 2])
def test_an_empty_or_zero_network_is_minimal(width: int) -> None:
    structure = structure_of(TwoLayerNetwork(np.zeros((width, 2)), np.zeros(width)), PLANE)
    assert structure.minimal
    assert (structure.n_neurons, structure.n_live, structure.n_cells) == (width, 0, 0)
    assert structure.scale_imbalance == structure.collinearity_defect == 0.0


def test_a_stationary_network_on_concave_kinks_need_not_be_nearly_minimal() -> None:
    # either neuron has one sample on its boundary and the other's inside: one cell, two directions
    beta = 0.5
    network = network_of([[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0])
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    data = Dataset(X, network.predict(X) + beta * np.array([2.0, 2.0, -1.0]))
    assert stationarity_residual(network, data, beta) <= 1e-14
    structure = structure_of(network, data)
    assert structure.scaled
    assert structure.n_cells == 1
    assert structure.collinearity_defect == pytest.approx(np.sqrt(2.0))
    merged = to_network(to_blocks(network, data).point)
    assert merged.training_loss(data, beta) < network.training_loss(data, beta) - 0.1


@pytest.mark.parametrize("rtol", [-1e-3, 1.0, np.nan])
def test_it_needs_a_tolerance_below_one(rtol: float) -> None:
    with pytest.raises(ValueError, match="0 <= rtol < 1"):
        structure_of(network_of([[1.0, 0.0]], [1.0]), PLANE, rtol)


def test_it_refuses_weights_that_are_not_finite_or_of_another_dimension() -> None:
    with pytest.raises(ValueError, match="finite weights, got 1 NaN"):
        structure_of(network_of([[np.inf, 0.0]], [1.0]), PLANE)
    with pytest.raises(ValueError, match="dimension 2, got 3"):
        structure_of(network_of([[1.0, 0.0, 0.0]], [1.0]), PLANE)
