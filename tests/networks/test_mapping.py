import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import KnownProgram, known_programs, random_point, random_program

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, to_blocks, to_network
from relaxgap.problems import Blocks, Program, relu_program
from relaxgap.solvers import ColumnGeneration

SEEDS = st.integers(0, 10_000)
BETA = 0.3
WITH_CONES = [known for known in known_programs() if (known.program.family.name == "relu")]


def random_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    rng = np.random.default_rng(seed)
    n, d, m = rng.integers(1, 8), rng.integers(1, 4), rng.integers(0, 25)
    output = rng.standard_normal(m)
    output[rng.random(m) < 0.2] = 0.0
    hidden = rng.standard_normal((m, d))
    hidden[rng.random(m) < 0.2] = 0.0
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    return TwoLayerNetwork(hidden, output), data


def program_of(network: TwoLayerNetwork, data: Dataset) -> tuple[Program, Blocks]:
    blocks = to_blocks(network, data)
    return relu_program(data, blocks.patterns, BETA), blocks.point


@settings(max_examples=60)
@given(SEEDS)
def test_a_point_in_its_cones_becomes_a_network_of_the_same_predictions_and_value(
    seed: int,
) -> None:
    program = random_program(relu_program, 5, 1 + seed % 3, seed, n_gates=8)
    point = random_point(program, np.random.default_rng(seed))
    network = to_network(point)
    fit = program.fit(point)
    np.testing.assert_allclose(network.predict(program.data.X), fit, rtol=1e-12, atol=1e-12)
    loss = network.training_loss(program.data, program.beta)
    assert loss == pytest.approx(program.value(point), rel=1e-12)
    assert network.width == point.active_blocks


@pytest.mark.parametrize("known", WITH_CONES, ids=str)
def test_the_network_of_an_optimal_point_has_the_known_loss(known: KnownProgram) -> None:
    point = ColumnGeneration(rtol=1e-8).solve(known.program).point
    loss = to_network(point).training_loss(known.program.data, known.program.beta)
    assert loss == pytest.approx(known.optimum, rel=1e-7)


@settings(max_examples=60)
@given(SEEDS)
def test_a_network_becomes_a_point_of_its_cones_with_its_predictions_and_no_larger_value(
    seed: int,
) -> None:
    network, data = random_network(seed)
    program, point = program_of(network, data)
    assert program.max_cone_violation(point) <= 1e-14
    np.testing.assert_allclose(program.fit(point), network.predict(data.X), atol=1e-12)
    assert program.value(point) <= network.training_loss(data, BETA) * (1.0 + 1e-14)


@settings(max_examples=60)
@given(SEEDS)
def test_mapping_a_point_to_a_network_and_back_keeps_its_value(seed: int) -> None:
    program = random_program(relu_program, 5, 2, seed, n_gates=8)
    point = random_point(program, np.random.default_rng(seed))
    back, returned = program_of(to_network(point), program.data)
    assert returned.active_blocks == point.active_blocks
    assert back.value(returned) == pytest.approx(
        relu_program(program.data, program.patterns, BETA).value(point), rel=1e-12
    )


def test_a_scaled_network_of_collinear_neurons_keeps_its_value() -> None:
    direction = np.array([3.0, 4.0])
    sizes = np.array([1.0, 4.0])
    hidden = np.outer(np.sqrt(sizes), direction / 5.0)
    network = TwoLayerNetwork(hidden, np.sqrt(sizes))
    data = Dataset(np.eye(2), np.ones(2))
    program, point = program_of(network, data)
    assert point.active_blocks == 1
    assert program.value(point) == pytest.approx(network.training_loss(data, BETA), rel=1e-14)


@pytest.mark.parametrize(
    ("hidden", "output"),
    [
        pytest.param([[2.0, 0.0]], [1.0], id="not scaled"),
        pytest.param([[0.6, 0.8], [0.8, 0.6]], [1.0, 1.0], id="not collinear"),
        pytest.param([[0.0, 0.0]], [1.0], id="a dead output weight"),
    ],
)
def test_any_other_network_is_strictly_more_expensive_than_its_point(
    hidden: list[list[float]], output: list[float]
) -> None:
    network = TwoLayerNetwork(np.array(hidden), np.array(output))
    data = Dataset(np.eye(2), np.ones(2))
    program, point = program_of(network, data)
    assert program.value(point) < network.training_loss(data, BETA) - 1e-3


def test_neurons_of_one_pattern_and_opposite_signs_stay_apart() -> None:
    network = TwoLayerNetwork(np.eye(2)[[0, 0]], np.array([1.0, -1.0]))
    program, point = program_of(network, Dataset(np.eye(2), np.ones(2)))
    assert program.patterns.n_patterns == 1
    assert point.active_blocks == 2


def test_a_network_of_no_neurons_predicts_zero_both_ways() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    empty = TwoLayerNetwork(np.zeros((0, 2)), np.zeros(0))
    assert np.array_equal(empty.predict(data.X), np.zeros(2))
    assert empty.training_loss(data, BETA) == 1.0
    program, point = program_of(empty, data)
    assert program.patterns.n_patterns == 0
    assert program.value(point) == 1.0
    assert to_network(point).width == 0


def test_the_training_loss_is_a_sum_over_samples_and_weights() -> None:
    network = TwoLayerNetwork(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, -1.0]))
    data = Dataset(np.array([[1.0, 1.0], [-1.0, 2.0]]), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(network.predict(data.X), [1.0, -4.0])
    assert network.training_loss(data, 0.2) == pytest.approx(0.5 * 26.0 + 0.1 * 15.0)
