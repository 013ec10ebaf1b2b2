from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from time import monotonic, process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import degenerate_program, overlap, random_program
from scipy.optimize import minimize

from relaxgap.certificates import DualCertificate
from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.global_optimum.bounds import CERTIFICATE_NAMES
from relaxgap.global_optimum.local_pricing import ascend
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import TwoLayerNetwork, to_blocks, to_network
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import Program, relu_program
from relaxgap.solvers import SemismoothNewton, Status

LABELS = ("noise", "signs", "planted")
ROUNDING = 1e-12


def random_instance(seed: int, n_most: int = 6) -> Program:
    """Random data of many shapes, at 1e-3 to 1.5 of ``beta_max``, over all patterns."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, n_most + 1)), int(rng.integers(1, 5))
    fraction = 10.0 ** rng.uniform(-3.0, np.log10(1.5))
    return random_program(relu_program, n, d, seed, fraction, labels=LABELS[seed % 3])


def degenerate_instance(seed: int, n_most: int = 6) -> Program:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, n_most + 1)), int(rng.integers(1, 5))
    return degenerate_program(relu_program, seed, n, d)


def enumerated(program: Program) -> DualCertificate:
    """Bracket of the optimum over all patterns, by a solver that lists them."""
    assert program.patterns.complete
    return SemismoothNewton(1e-8).solve(program).certificate


def check(found: GlobalSolution, program: Program, exact: DualCertificate) -> None:
    """Check both ends of a bracket against enumeration, and the network against its value."""
    assert overlap(found.certificate, exact)
    loss = found.network.training_loss(program.data, program.beta)
    assert loss <= found.certificate.primal_value * (1.0 + ROUNDING)
    assert exact.dual_value <= loss * (1.0 + ROUNDING)


def loss_of(found: GlobalSolution, program: Program) -> float:
    return found.network.training_loss(program.data, program.beta)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["auto", "branch_and_bound"])
def test_the_optimum_is_that_of_full_enumeration(name: str, seed: int) -> None:
    program = random_instance(seed, n_most=4)
    found = GlobalSolver(1e-3, certificate=name).solve(program.data, program.beta)
    assert found.status is Status.SOLVED
    check(found, program, enumerated(program))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", CERTIFICATE_NAMES)
def test_every_way_to_a_lower_bound_brackets_the_optimum(name: str, seed: int) -> None:
    program = random_instance(100 + seed)
    solver = GlobalSolver(1e-6, max_seconds=0.1, certificate=name, seed=seed)
    check(solver.solve(program.data, program.beta), program, enumerated(program))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["auto", "branch_and_bound", "semidefinite"])
def test_the_bracket_overlaps_that_of_enumeration_on_degenerate_data(name: str, seed: int) -> None:
    program = degenerate_instance(seed)
    solver = GlobalSolver(1e-3, max_seconds=0.05, certificate=name)
    check(solver.solve(program.data, program.beta), program, enumerated(program))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [random_instance, degenerate_instance])
@pytest.mark.parametrize("name", ["auto", "branch_and_bound", "semidefinite", "spectral"])
def test_the_bracket_overlaps_that_of_enumeration_on_many_instances(
    name: str, kind: Callable[[int, int], relu_program]
) -> None:
    for seed in range(1000, 1006):
        program = kind(seed, 8)
        solver = GlobalSolver(1e-5, max_seconds=0.1, certificate=name, seed=seed)
        check(solver.solve(program.data, program.beta), program, enumerated(program))


@pytest.mark.slow
def test_automatic_choice_reaches_a_relative_gap_of_1e_8_on_random_data() -> None:
    for seed in range(2000, 2010):
        program = random_instance(seed, 8)
        found = GlobalSolver(1e-8).solve(program.data, program.beta)
        assert found.status is Status.SOLVED
        check(found, program, enumerated(program))


def descents(
    data: Dataset, beta: float, rng: np.random.Generator, n_starts: int
) -> Iterator[TwoLayerNetwork]:
    """Networks by quasi-Newton descent of the training loss from random starts of any size."""
    X, y, width = data.X, data.y, data.n + 2

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        hidden, output = point[width:].reshape(width, data.d), point[:width]
        heights = X @ hidden.T
        active = np.maximum(heights, 0.0)
        residual = active @ output - y
        value = 0.5 * residual @ residual + 0.5 * beta * point @ point
        slopes = ((heights > 0.0) * residual[:, None] * output).T @ X
        return float(value), np.concatenate([active.T @ residual, slopes.ravel()]) + beta * point

    for _ in range(n_starts):
        start = rng.standard_normal(width * (1 + data.d)) * 10.0 ** rng.uniform(-2.0, 1.0)
        point = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
        yield TwoLayerNetwork(point[width:].reshape(width, data.d), point[:width])


def restricted_optima(
    data: Dataset, beta: float, rng: np.random.Generator, n_starts: int
) -> Iterator[TwoLayerNetwork]:
    """Networks by solves over random patterns and those of neurons that price high."""
    nu = data.y
    for _ in range(n_starts):
        drawn = rng.standard_normal((15, data.d))
        tops = [ascend(data.X, sign * nu, drawn, 40)[0] for sign in (1.0, -1.0)]
        patterns = pattern_set_from_gates(data.X, np.concatenate([drawn, *tops]))
        solution = SemismoothNewton(1e-6).solve(relu_program(data, patterns, beta))
        nu = solution.certificate.nu
        yield to_network(solution.point)


def attack(seed: int, n: int, n_starts: int, names: Sequence[str], seconds: float) -> None:
    rng = np.random.default_rng(seed)
    d, fraction = int(rng.integers(2, 5)), 10.0 ** rng.uniform(-2.5, -0.3)
    program = random_program(relu_program, n, d, seed, fraction, labels=LABELS[seed % 3])
    data, beta = program.data, program.beta
    networks = [*descents(data, beta, rng, n_starts), *restricted_optima(data, beta, rng, n_starts)]
    least = min(network.training_loss(data, beta) for network in networks)
    for name in names:
        solver = GlobalSolver(1e-4, max_seconds=seconds, certificate=name)
        for bracket in solver.brackets(data, beta):
            assert bracket.certificate.dual_value <= least * (1.0 + ROUNDING), name


def test_no_network_of_a_random_search_is_below_the_lower_bound() -> None:
    attack(1, 6, 2, ["branch_and_bound", "auto"], 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
def test_no_network_of_a_long_random_search_is_below_the_lower_bound(seed: int) -> None:
    attack(seed, 8 + seed % 5, 12, ["spectral", "semidefinite", "branch_and_bound"], 0.3)


@pytest.mark.parametrize("name", CERTIFICATE_NAMES)
def test_each_bracket_lies_inside_the_one_before(name: str) -> None:
    program = random_program(relu_program, 6, 2, seed=5, fraction=0.05)
    exact = enumerated(program)
    solver = GlobalSolver(1e-5, max_seconds=0.1, certificate=name, n_gates=3)
    brackets = list(solver.brackets(program.data, program.beta))
    for before, after in pairwise(brackets):
        assert before.status is Status.RUNNING
        assert before.certificate.dual_value <= after.certificate.dual_value
        assert before.certificate.primal_value >= after.certificate.primal_value
        assert before.seconds <= after.seconds
    assert brackets[-1].status is not Status.RUNNING
    for bracket in brackets:
        assert overlap(bracket.certificate, exact)


@pytest.mark.parametrize("name", CERTIFICATE_NAMES)
@pytest.mark.parametrize("seconds", [1e-9, 0.01])
def test_a_time_limit_returns_the_bracket_so_far(seconds: float, name: str) -> None:
    program = random_program(relu_program, 6, 2, seed=1, fraction=0.05)
    began = process_time()
    found = GlobalSolver(1e-9, max_seconds=seconds, certificate=name).solve(
        program.data, program.beta
    )
    # of work: a busy machine adds nothing to it
    assert process_time() - began < 2.0
    if seconds < 1e-6:
        assert found.status is Status.TIME_LIMIT
    check(found, program, enumerated(program))


@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("advance", 1),
        ("advance", 2),
        ("advance", 11),
        ("price_bound", 1),
        ("price_bound", 3),
        ("solve", 1),
    ],
)
def test_an_interruption_returns_the_bracket_so_far(
    monkeypatch: pytest.MonkeyPatch, where: str, call: int
) -> None:
    program = random_program(relu_program, 6, 2, seed=3, fraction=0.05)
    exact = enumerated(program)
    owner = SemismoothNewton if where == "solve" else LiftedRelaxation
    original, calls = getattr(owner, where), []

    def interrupted(*args: object, **kwargs: object) -> object:
        calls.append(where)
        if len(calls) >= call:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, where, interrupted)
    solver = GlobalSolver(1e-9, certificate="branch_and_bound")
    found = solver.solve(program.data, program.beta)
    assert found.status is Status.INTERRUPTED
    check(found, program, exact)


@pytest.mark.parametrize("name", CERTIFICATE_NAMES)
def test_data_without_rows_or_labels_are_solved_by_the_empty_network(name: str) -> None:
    X, y = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([1.0, 2.0])
    for rows, labels in ((0.0 * X, y), (X, 0.0 * y), (0.0 * X, 0.0 * y)):
        found = GlobalSolver(certificate=name).solve(Dataset(rows, labels), 0.1)
        assert found.status is Status.SOLVED
        assert found.network.width == 0
        half = 0.5 * float(labels @ labels)
        assert half <= found.certificate.primal_value <= half * (1.0 + ROUNDING)


@pytest.mark.parametrize("name", CERTIFICATE_NAMES)
@pytest.mark.parametrize("label", [2.0, -2.0])
def test_one_sample_is_solved_by_any_certificate(label: float, name: str) -> None:
    data = Dataset(np.array([[3.0, 4.0]]), np.array([label]))
    found = GlobalSolver(1e-8, certificate=name).solve(data, 0.5)
    assert found.status is Status.SOLVED
    # min_t (2 - t)^2 / 2 + 0.1 t
    assert found.certificate.primal_value == pytest.approx(0.195, rel=1e-8)


@pytest.mark.parametrize("factor", [1.0, 1.5, 1e6])
@pytest.mark.parametrize("labels", LABELS)
def test_zero_is_the_optimum_at_and_above_beta_max(labels: str, factor: float) -> None:
    program = random_program(relu_program, 6, 3, 1, factor, labels=labels)
    found = GlobalSolver(1e-9).solve(program.data, program.beta)
    assert found.status is Status.SOLVED
    assert found.network.width == 0
    half = 0.5 * float(program.data.y @ program.data.y)
    assert found.certificate.primal_value == pytest.approx(half, rel=1e-13)
    if factor > 10.0:
        # in closed form, before any program is solved
        assert found.n_rounds == 0


@pytest.mark.parametrize("name", ["auto", "branch_and_bound"])
@pytest.mark.parametrize("factor", [2.0**-40, 2.0**41])
def test_a_power_of_two_in_labels_and_beta_scales_both_ends_by_its_square(
    factor: float, name: str
) -> None:
    program = random_program(relu_program, 4, 2, seed=2, fraction=0.3)
    data, beta = program.data, program.beta
    solver = GlobalSolver(1e-2, certificate=name)
    unit = solver.solve(data, beta).certificate
    scaled = solver.solve(Dataset(data.X, factor * data.y), factor * beta).certificate
    for one, other in (
        (unit.primal_value, scaled.primal_value),
        (unit.dual_value, scaled.dual_value),
    ):
        assert other / factor**2 == pytest.approx(one, rel=1e-12)


@settings(max_examples=6)
@given(
    st.floats(-40.0, 40.0),
    st.floats(-20.0, 20.0),
    st.sampled_from(["auto", "branch_and_bound", "semidefinite"]),
)
def test_units_of_labels_and_rows_move_no_bracket_off_the_optimum(
    label_unit: float, row_unit: float, name: str
) -> None:
    program = random_program(relu_program, 4, 3, seed=6, fraction=0.3)
    exact = enumerated(program)
    c, r = 10.0**label_unit, 10.0**row_unit
    data = Dataset(r * program.data.X, c * program.data.y)
    solver = GlobalSolver(1e-2, certificate=name)
    found = solver.solve(data, r * c * program.beta).certificate
    scaled = DualCertificate(found.nu / c, found.primal_value / c**2, found.dual_value / c**2)
    # the units themselves are rounded
    wider = replace(scaled, dual_value=scaled.dual_value * (1.0 - ROUNDING))
    assert overlap(wider, exact)
    assert found.relative_gap <= 0.5


@pytest.mark.parametrize("name", ["closed_form", "branch_and_bound", "auto"])
@pytest.mark.parametrize(
    ("row", "label", "beta"),
    [(1e-170, 1e60, 1e-120), (1e-160, 1e40, 1e-130), (1e-100, 1e10, 1e-100), (1e-20, 1.0, 1e-30)],
)
def test_a_network_that_fits_along_a_tiny_row_is_above_the_lower_bound(
    row: float, label: float, beta: float, name: str
) -> None:
    data = Dataset(np.array([[0.0, 1.0], [row, 0.0]]), np.array([0.0, label]))
    root = np.sqrt(label / row)
    network = TwoLayerNetwork(np.array([[root, 0.0]]), np.array([root]))
    loss = network.training_loss(data, beta)
    found = GlobalSolver(certificate=name, max_seconds=0.1).solve(data, beta)
    assert found.certificate.dual_value <= loss * (1.0 + ROUNDING)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_start_is_never_made_worse(seed: int) -> None:
    program = random_instance(seed)
    data, beta = program.data, program.beta
    rng = np.random.default_rng(seed)
    exact = enumerated(program)
    best = SemismoothNewton(1e-8).solve(program).point
    starts = [to_network(best), *descents(data, beta, rng, 1)]
    half = 0.5 * float(data.y @ data.y)
    for start in starts:
        limit = min(start.training_loss(data, beta), half) * (1.0 + ROUNDING)
        for found in GlobalSolver(1e-3, max_seconds=0.05, n_gates=1).brackets(data, beta, start):
            assert found.certificate.primal_value <= limit
            check(found, program, exact)


def test_a_start_without_live_neurons_is_the_zero_network() -> None:
    program = random_instance(3)
    d = program.data.d
    for start in (
        TwoLayerNetwork(np.zeros((0, d)), np.zeros(0)),
        TwoLayerNetwork(np.zeros((2, d)), np.ones(2)),
        TwoLayerNetwork(np.ones((2, d)), np.zeros(2)),
    ):
        first = next(GlobalSolver().brackets(program.data, program.beta, start))
        assert first.network.width == 0
        assert first.certificate.primal_value >= 0.5 * float(program.data.y @ program.data.y)


def test_a_start_that_is_optimal_needs_no_program_to_be_at_the_optimum() -> None:
    program = random_instance(7)
    best = SemismoothNewton(1e-8).solve(program)
    start = to_network(best.point)
    first = next(GlobalSolver().brackets(program.data, program.beta, start))
    assert first.n_rounds == 0
    assert first.certificate.primal_value <= best.certificate.primal_value * (1.0 + ROUNDING)


@pytest.mark.parametrize("seed", [59, 137])
def test_a_start_that_merging_rounds_up_is_kept_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data, beta = Dataset(rng.standard_normal((6, 3)), rng.standard_normal(6)), 1e-3
    hidden = rng.standard_normal((3, 3))
    output = np.linalg.lstsq(np.maximum(data.X @ hidden.T, 0.0), data.y, rcond=None)[0]
    start = to_network(to_blocks(TwoLayerNetwork(hidden, output), data).point)
    late = GlobalSolver().solve(data, beta, start, deadline=Deadline(-np.inf))
    assert late.certificate.primal_value <= attained_loss(start, data, beta)
    assert late.network.training_loss(data, beta) <= start.training_loss(data, beta)


def test_the_same_seed_gives_the_same_bracket() -> None:
    program = random_program(relu_program, 5, 2, seed=4, fraction=0.1)
    one, two = (GlobalSolver(1e-4).solve(program.data, program.beta) for _ in range(2))
    assert one.certificate.primal_value == two.certificate.primal_value
    assert one.certificate.dual_value == two.certificate.dual_value
    assert np.array_equal(one.network.hidden, two.network.hidden)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"rtol": 0.0}, "0 < rtol < 1"),
        ({"rtol": np.nan}, "0 < rtol < 1"),
        ({"max_seconds": 0.0}, "time limit above 0"),
        ({"max_seconds": np.nan}, "time limit above 0"),
        ({"certificate": "exact"}, "Expected a certificate of auto, .*, got 'exact'"),
        ({"n_gates": 0}, "n_gates >= 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        GlobalSolver(**bad)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.inf])
def test_a_strength_that_is_not_positive_and_finite_is_refused(beta: float) -> None:
    program = random_instance(3)
    with pytest.raises(ConfigurationError, match="positive, finite beta"):
        GlobalSolver().solve(program.data, beta)


def test_what_came_before_takes_from_the_time_and_leaves_the_first_bracket() -> None:
    program = random_program(relu_program, 6, 2, seed=1, fraction=0.05)
    late = Deadline(monotonic() - 4.0)
    found = GlobalSolver(1e-6, max_seconds=1.0).solve(program.data, program.beta, deadline=late)
    assert found.status is Status.TIME_LIMIT
    check(found, program, enumerated(program))
