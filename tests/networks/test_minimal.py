import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, random_program

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, minimal_network, to_blocks, to_network
from relaxgap.problems import relu_program
from relaxgap.solvers import ColumnGeneration, ConicSolver

BETA = 0.3


def rank_of_contributions(network: TwoLayerNetwork, data: Dataset) -> int:
    contributions = np.maximum(data.X @ network.hidden.T, 0.0) * network.output
    # not every NumPy has a rank of nothing
    return int(np.linalg.matrix_rank(contributions)) if contributions.size else 0


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_any_network_is_pruned_to_the_rank_without_changing_predictions_or_raising_its_loss(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    n, d, m = int(rng.integers(1, 8)), int(rng.integers(1, 4)), int(rng.integers(0, 40))
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    network = TwoLayerNetwork(rng.standard_normal((m, d)), rng.standard_normal(m))
    pruned = minimal_network(network, data)
    assert pruned.width <= min(n, m)
    assert pruned.width == rank_of_contributions(pruned, data)
    np.testing.assert_allclose(pruned.predict(data.X), network.predict(data.X), atol=1e-10)
    loss = network.training_loss(data, BETA)
    assert pruned.training_loss(data, BETA) <= loss * (1.0 + 1e-10)
    np.testing.assert_allclose(
        np.linalg.norm(pruned.hidden, axis=1), np.abs(pruned.output), rtol=1e-12
    )


@pytest.mark.parametrize("seed", range(6))
def test_an_optimal_network_keeps_its_loss_and_needs_at_most_n_neurons(seed: int) -> None:
    program = random_program(relu_program, 6, 3, seed, fraction=10.0 ** -(seed % 3 + 1))
    solution = ConicSolver(rtol=1e-9).solve(program)
    network = to_network(solution.point)
    pruned = minimal_network(network, program.data)
    assert pruned.width <= min(program.data.n, network.width)
    loss = pruned.training_loss(program.data, program.beta)
    assert loss == pytest.approx(solution.certificate.primal_value, rel=1e-8)
    assert loss >= solution.certificate.dual_value * (1.0 - 1e-14)
    difference = pruned.predict(program.data.X) - network.predict(program.data.X)
    assert np.linalg.norm(difference) <= 1e-10 * np.linalg.norm(program.data.y)


@pytest.mark.parametrize("seed", range(12))
def test_pruning_holds_on_degenerate_data(seed: int) -> None:
    program = degenerate_program(relu_program, seed)
    point = ColumnGeneration().solve(program).point
    network = to_network(point)
    pruned = minimal_network(network, program.data)
    assert pruned.width <= program.data.n
    loss = network.training_loss(program.data, program.beta)
    # at a tiny beta large weights cancel in the fit, and their rounding does not
    sizes = np.abs(program.data.X) @ (np.abs(network.hidden).T @ np.abs(network.output))
    rounding = 4.0 * np.finfo(float).eps * float(np.linalg.norm(sizes)) * np.sqrt(2.0 * loss)
    assert pruned.training_loss(program.data, program.beta) <= loss * (1.0 + 1e-8) + rounding


def test_pruning_twice_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((5, 3)), rng.standard_normal(5))
    once = minimal_network(
        TwoLayerNetwork(rng.standard_normal((30, 3)), rng.standard_normal(30)), data
    )
    twice = minimal_network(once, data)
    order, again = np.argsort(once.output), np.argsort(twice.output)
    np.testing.assert_allclose(once.hidden[order], twice.hidden[again], rtol=1e-12)


def test_neurons_that_are_dead_on_the_data_are_removed() -> None:
    data = Dataset(np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones(2))
    network = TwoLayerNetwork(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0]))
    pruned = minimal_network(network, data)
    assert pruned.width == 1
    np.testing.assert_allclose(pruned.hidden, [[1.0, 0.0]])


@pytest.mark.parametrize("strength", [1e-4, 1e-16, 1e-24])
@pytest.mark.parametrize("seed", range(20))
def test_a_weak_neuron_that_is_dead_on_the_data_goes_without_changing_the_predictions(
    seed: int, strength: float
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, 3))
    X[:, 0] = np.abs(X[:, 0]) + 0.5
    data = Dataset(X, rng.standard_normal(6))
    dead = np.array([[-np.sqrt(strength), 0.0, 0.0]])
    network = TwoLayerNetwork(
        np.concatenate([rng.standard_normal((4, 3)), dead]),
        np.append(rng.standard_normal(4), np.sqrt(strength)),
    )
    pruned = minimal_network(network, data)
    np.testing.assert_allclose(pruned.predict(X), network.predict(X), rtol=0.0, atol=1e-12)


def test_two_copies_of_a_neuron_become_one() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    network = TwoLayerNetwork(np.ones((2, 2)), np.ones(2))
    pruned = minimal_network(network, data)
    assert pruned.width == 1
    np.testing.assert_allclose(pruned.predict(data.X), [2.0, 2.0])


def test_an_empty_network_stays_empty() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    empty = TwoLayerNetwork(np.zeros((0, 2)), np.zeros(0))
    assert minimal_network(empty, data).width == 0
    assert to_blocks(empty, data).patterns.n_patterns == 0
