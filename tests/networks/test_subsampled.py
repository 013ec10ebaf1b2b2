from typing import Literal

import numpy as np
import pytest
from instances import overlap, random_program

from relaxgap.certificates import certify
from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, stationarity_residual, to_network
from relaxgap.networks.landscape.subsampled import subsampled_program
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton

BETA = 0.1
Boundary = Literal["active", "inactive"]
BOUNDARIES: tuple[Boundary, Boundary] = ("active", "inactive")


def descend(seed: int, n_steps: int = 4000) -> tuple[TwoLayerNetwork, Dataset]:
    """Train three neurons on ten Gaussian samples with decaying steps."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((10, 4)), rng.standard_normal(10)
    hidden, output = rng.standard_normal((3, 4)), rng.standard_normal(3)
    for t in range(n_steps):
        pre = X @ hidden.T
        residual = np.maximum(pre, 0.0) @ output - y
        step = 0.02 / (1.0 + t / 300.0)
        by_output = np.maximum(pre, 0.0).T @ residual + BETA * output
        by_hidden = ((pre >= 0.0) * np.outer(residual, output)).T @ X + BETA * hidden
        hidden, output = hidden - step * by_hidden, output - step * by_output
    return TwoLayerNetwork(hidden, output), Dataset(X, y)


def stationary(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    """Finish the descent by the program over its patterns, whose network is stationary here."""
    network, data = descend(seed)
    program = subsampled_program(network, data, BETA, boundary_rtol=1e-2).program
    point = SemismoothNewton(1e-12).solve(program).point
    network = to_network(point)
    # a gradient is of the order of the root of the gap, here 1e-6
    assert stationarity_residual(network, data, BETA) < 1e-6
    return network, data


def value_over_own_patterns(
    network: TwoLayerNetwork, data: Dataset, boundary: Boundary, both_signs: bool = False
) -> float:
    found = subsampled_program(network, data, BETA, boundary=boundary, both_signs=both_signs)
    assert found.n_boundary_bits > 0
    certificate = SemismoothNewton(1e-10).solve(found.program).certificate
    assert certificate.relative_gap <= 1e-10
    return certificate.primal_value


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3, 5, 10, 12, 15, 18, 19])
def test_the_signed_program_has_the_loss_of_a_stationary_network_on_boundaries(seed: int) -> None:
    network, data = stationary(seed)
    loss = network.training_loss(data, BETA)
    for boundary in BOUNDARIES:
        value = value_over_own_patterns(network, data, boundary)
        assert value == pytest.approx(loss, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "boundary", "share"),
    [(0, "active", 0.99472), (0, "inactive", 0.8939), (5, "active", 0.4118), (10, "inactive", 0.9)],
)
def test_with_both_signs_the_program_is_below_the_loss_of_a_stationary_network(
    seed: int, boundary: Boundary, share: float
) -> None:
    network, data = stationary(seed)
    loss = network.training_loss(data, BETA)
    signed = value_over_own_patterns(network, data, boundary)
    both = value_over_own_patterns(network, data, boundary, both_signs=True)
    assert signed == pytest.approx(loss, rel=1e-8)
    assert both / loss == pytest.approx(share, rel=2e-3)


@pytest.mark.slow
def test_a_network_that_is_not_stationary_is_above_its_signed_program() -> None:
    network, data = descend(0, n_steps=200)
    program = subsampled_program(network, data, BETA).program
    certificate = SemismoothNewton(1e-8).solve(program).certificate
    assert certificate.primal_value < 0.95 * network.training_loss(data, BETA)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("seed", range(3))
def test_the_program_over_the_patterns_of_an_optimal_network_has_the_global_optimum(
    seed: int, boundary: Boundary
) -> None:
    every = random_program(relu_program, 6, 3, seed, fraction=0.05)
    solver = SemismoothNewton(1e-10)
    optimum = solver.solve(every)
    found = subsampled_program(to_network(optimum.point), every.data, every.beta, boundary=boundary)
    solution = solver.solve(found.program)
    assert overlap(solution.certificate, optimum.certificate)
    assert found.program.value(found.point) == pytest.approx(
        optimum.certificate.primal_value, rel=1e-9
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_network_is_a_point_of_its_program_of_the_same_fit_and_no_larger_value(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    n, d, m = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 12)
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    network = TwoLayerNetwork(rng.standard_normal((m, d)), rng.standard_normal(m))
    found = subsampled_program(network, data, BETA)
    np.testing.assert_allclose(found.program.fit(found.point), network.predict(data.X), atol=1e-12)
    assert found.program.value(found.point) <= network.training_loss(data, BETA) * (1.0 + 1e-14)
    assert found.point.active_blocks == found.n_blocks <= m
    assert found.n_boundary_bits == 0
    gates, patterns = found.program.patterns.gates, found.program.patterns.patterns
    assert np.array_equal(gates @ data.X.T >= 0.0, patterns)
    assert certify(found.program, found.point).dual_value >= 0.0


def test_neurons_of_one_pattern_and_sign_share_a_block_and_dead_ones_have_none() -> None:
    data = Dataset(np.eye(2), np.ones(2))
    hidden = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [-1.0, 1.0], [3.0, 3.0], [0.0, 0.0]])
    output = np.array([1.0, 0.5, -1.0, 1e-9, 0.0, 1.0])
    found = subsampled_program(TwoLayerNetwork(hidden, output), data, BETA)
    assert np.array_equal(found.program.patterns.patterns, [[True, True]])
    assert np.array_equal(found.program.family.allowed, [[True], [True]])
    assert np.array_equal(found.point.w[0], [[2.0, 2.5]])
    assert np.array_equal(found.point.w[1], [[1.0, 1.0]])
    assert found.n_blocks == 2
    positive = subsampled_program(TwoLayerNetwork(hidden[:2], output[:2]), data, BETA)
    assert np.array_equal(positive.program.family.allowed, [[True], [False]])
    both = subsampled_program(TwoLayerNetwork(hidden[:2], output[:2]), data, BETA, both_signs=True)
    assert both.program.family.allowed is None
    assert both.n_blocks == 1


def test_a_dead_network_has_a_program_without_patterns() -> None:
    data = Dataset(np.eye(2), np.array([3.0, 4.0]))
    found = subsampled_program(TwoLayerNetwork(np.zeros((3, 2)), np.zeros(3)), data, BETA)
    assert found.program.patterns.n_patterns == 0
    assert found.program.value(found.point) == 12.5
    assert SemismoothNewton(1e-9).solve(found.program).certificate.dual_value <= 12.5


@pytest.mark.parametrize("push", [-1e-8, 0.0, 1e-8])
def test_a_boundary_bit_is_set_as_asked_whatever_side_the_neuron_is_on(push: float) -> None:
    data = Dataset(np.eye(3), np.ones(3))
    network = TwoLayerNetwork(np.array([[1.0, -1.0, push]]), np.ones(1))
    for boundary, bit in (("active", True), ("inactive", False)):
        found = subsampled_program(network, data, BETA, boundary=boundary)
        patterns = found.program.patterns
        assert found.n_boundary_bits == 1
        assert np.array_equal(patterns.patterns, [[True, False, bit]])
        assert np.array_equal(patterns.gates @ data.X.T >= 0.0, patterns.patterns)
        assert found.program.max_cone_violation(found.point) == 0.0
        np.testing.assert_allclose(found.point.w[0], [[1.0, -1.0, 0.0]], atol=1e-7)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_gates_of_neurons_on_many_boundaries_produce_their_patterns(
    boundary: Boundary, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((12, 5))
    hidden = rng.standard_normal((6, 5))
    for j in range(5):
        # on the boundaries of j samples in general position, and of a repeated one
        rows = X[: j + 1] if j < 4 else X[:4]
        hidden[j] -= np.linalg.pinv(rows) @ (rows @ hidden[j])
    X[11] = 3.0 * X[0]
    data = Dataset(X, rng.standard_normal(12))
    network = TwoLayerNetwork(hidden, rng.standard_normal(6))
    found = subsampled_program(network, data, BETA, boundary=boundary)
    patterns = found.program.patterns
    assert found.n_boundary_bits >= 15
    assert np.array_equal(patterns.gates @ X.T >= 0.0, patterns.patterns)
    assert found.point.active_blocks == found.n_blocks
    np.testing.assert_allclose(found.program.fit(found.point), network.predict(X), atol=1e-10)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_opposite_samples_on_a_boundary_keep_the_neuron_there(boundary: Boundary) -> None:
    """Their pattern is that of no open cell: the cone lies in the hyperplane they share."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 4))
    X[1], X[2] = -2.0 * X[0], 0.0
    hidden = rng.standard_normal((3, 4))
    hidden -= np.outer(hidden @ X[0], X[0]) / float(X[0] @ X[0])
    data = Dataset(X, rng.standard_normal(6))
    network = TwoLayerNetwork(hidden, np.array([1.0, -1.0, 0.5]))
    found = subsampled_program(network, data, BETA, boundary=boundary)
    assert found.n_boundary_bits == 6
    assert found.point.active_blocks == found.n_blocks
    np.testing.assert_allclose(found.program.fit(found.point), network.predict(X), atol=1e-12)
    solution = SemismoothNewton(1e-8).solve(found.program)
    assert solution.certificate.relative_gap <= 1e-8
    assert np.all(np.abs(solution.point.w[0] @ X[0]) <= 1e-12)
    assert solution.certificate.primal_value <= network.training_loss(data, BETA)


@pytest.mark.parametrize("rtol", [-1e-6, 1.0, np.nan])
def test_a_boundary_of_no_fraction_is_refused(rtol: float) -> None:
    network = TwoLayerNetwork(np.ones((1, 2)), np.ones(1))
    with pytest.raises(ValueError, match="boundary_rtol"):
        subsampled_program(network, Dataset(np.eye(2), np.ones(2)), BETA, boundary_rtol=rtol)
