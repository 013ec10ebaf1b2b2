"""A loss is one file: certificates, solvers, path and training read it and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, overlap, random_point, random_program
from toy.log_cosh import LogCosh

from relaxgap.certificates import DualCertificate, block_prices, certify
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks import stationarity_residual, to_network
from relaxgap.problems import LOSSES, Program
from relaxgap.problems.losses import ConicLoss, Loss, NewtonLoss, TrainingLoss
from relaxgap.solvers import ColumnGeneration, ConicSolver, SemismoothNewton
from relaxgap.training import NetworkBatch, TrainingSpec, train, training_gradient, training_losses


def toy_program(kind: ProgramType, seed: int, fraction: float = 0.2) -> Program:
    squared = random_program(kind, 10, 4, seed, n_gates=12)
    data = Dataset(squared.data.X, 2.0 * squared.data.y)
    program = replace(squared, data=data, loss=LogCosh())
    nu = program.dual_point(program.zero())
    return replace(program, beta=fraction * block_prices(program, nu, 0.0).largest)


def test_the_toy_loss_has_what_everything_asks_for() -> None:
    for protocol in (Loss, NewtonLoss, ConicLoss, TrainingLoss):
        assert isinstance(LogCosh(), protocol)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_can_be_certified_trained_and_solved(loss: Loss) -> None:
    for protocol in (Loss, ConicLoss, TrainingLoss):
        assert isinstance(loss, protocol)
    assert isinstance(loss, NewtonLoss) == (loss.name != "hinge")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_any_point_gets_a_bracket_that_holds(kind: ProgramType, seed: int) -> None:
    program = toy_program(kind, seed)
    best = SemismoothNewton(1e-9).solve(program).certificate
    rng = np.random.default_rng(seed)
    for size in (1e-3, 0.1, 1.0, 10.0):
        found = certify(program, random_point(program, rng, size), rng.standard_normal(10))
        assert 0.0 <= found.dual_value <= best.primal_value
        assert best.dual_value <= found.primal_value


@pytest.mark.reference
@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.9])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_solvers_agree_within_their_gaps(kind: ProgramType, fraction: float) -> None:
    program = toy_program(kind, 6, fraction)
    newton = SemismoothNewton(1e-8).solve(program)
    columns = ColumnGeneration(1e-6, SemismoothNewton(1e-8)).solve(program)
    conic = ConicSolver(rtol=1e-6).solve(program)
    assert newton.certificate.relative_gap <= 1e-8
    for other in (columns, conic):
        assert other.certificate.relative_gap <= 1e-6
        assert overlap(newton.certificate, other.certificate)


def test_zero_is_optimal_from_the_largest_price_on_and_not_below() -> None:
    for fraction, active in ((1.0, False), (0.99, True)):
        solution = SemismoothNewton(1e-8).solve(toy_program(PROGRAM_TYPES[0], 1, fraction))
        assert (solution.point.active_blocks > 0) is active


def test_a_path_falls_from_warm_start_to_warm_start() -> None:
    program = toy_program(PROGRAM_TYPES[0], 2)
    betas = [factor * program.beta for factor in (2.0, 1.0, 0.5, 0.1)]
    brackets: list[DualCertificate] = [
        solution.certificate for solution in SemismoothNewton(1e-7).solve_path(program, betas)
    ]
    assert all(bracket.relative_gap <= 1e-7 for bracket in brackets)
    values = [bracket.primal_value for bracket in brackets]
    assert values == sorted(values, reverse=True)


def test_a_network_of_the_optimum_has_its_value_and_is_stationary() -> None:
    program = toy_program(PROGRAM_TYPES[0], 4)
    solution = SemismoothNewton(1e-10).solve(program)
    network = to_network(solution.point)
    value = network.training_loss(program.data, program.beta, program.loss)
    assert value == pytest.approx(solution.certificate.primal_value, rel=1e-9)
    residual = stationarity_residual(network, program.data, program.beta, 1e-6, program.loss)
    assert residual <= 1e-4


def test_gradients_of_training_are_those_of_its_loss() -> None:
    program, rng = toy_program(PROGRAM_TYPES[0], 5), np.random.default_rng(0)
    networks = NetworkBatch(rng.standard_normal((1, 3, 4)), rng.standard_normal((1, 3)))
    gradient = training_gradient(program.data, networks, 0.1, LogCosh())
    step = 1e-6
    for j in range(3):
        moved = [networks.output.copy() for _ in range(2)]
        moved[0][0, j] += step
        moved[1][0, j] -= step
        ends = [
            training_losses(program.data, NetworkBatch(networks.hidden, output), 0.1, LogCosh())
            for output in moved
        ]
        slope = float(ends[0][0] - ends[1][0]) / (2.0 * step)
        assert gradient.output[0, j] == pytest.approx(slope, rel=1e-6)


def test_training_ends_above_the_optimum_over_all_patterns_and_falls() -> None:
    squared = random_program(PROGRAM_TYPES[0], 8, 3, 0)
    program = replace(squared, loss=LogCosh(), beta=0.05)
    optimum = SemismoothNewton(1e-8).solve(program).certificate
    rng = np.random.default_rng(0)
    initial = NetworkBatch(
        0.3 * rng.standard_normal((4, 12, 3)), 0.3 * rng.standard_normal((4, 12))
    )
    spec = TrainingSpec(n_steps=3000)
    run = train(program.data, program.beta, spec, initial, rng, loss=LogCosh())
    assert np.all(run.best_losses >= optimum.dual_value)
    assert run.best_losses.min() <= 1.05 * optimum.primal_value


def test_a_solver_says_what_it_misses_in_a_loss() -> None:
    class Rough(LogCosh):
        """A loss that neither a dual Newton method nor a conic solver can take."""

        name = "rough"
        conjugate_curvature = conic = property()

    program = replace(toy_program(PROGRAM_TYPES[0], 0), loss=Rough())
    message = (
        "loss with the method conjugate_curvature for the solver semismooth_newton, got.*rough"
    )
    with pytest.raises(ConfigurationError, match=message):
        SemismoothNewton().solve(program)


@pytest.mark.parametrize("size", [1e-9, 1e-6, 1.0])
def test_the_value_of_small_labels_keeps_its_digits(size: float) -> None:
    y = size * np.array([1.0, -0.7])
    exact = 0.5 * float(y @ y) - float(np.sum(y**4)) / 12.0
    value = LogCosh().value(np.zeros(2), y)
    assert value == pytest.approx(exact if size < 1.0 else np.sum(np.log(np.cosh(y))), rel=1e-9)
