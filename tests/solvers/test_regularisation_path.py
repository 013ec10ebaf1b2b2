from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from instances import (
    PROGRAM_TYPES,
    Point,
    Program,
    ProgramType,
    overlap,
    random_program,
)

from relaxgap.errors import ConfigurationError
from relaxgap.problems import gated_program, relu_program
from relaxgap.solvers import SemismoothNewton, Solution, Status
from relaxgap.solvers.newton import choice

RTOL = 1e-6
FRACTIONS: list[float] = np.geomspace(1.0, 1e-3, 10).tolist()


def planted(kind: ProgramType, seed: int = 0) -> Program:
    """A planted network over sampled patterns, at its ``beta_max``."""
    return random_program(kind, 40, 20, seed, fraction=1.0, n_gates=50, labels="planted")


def small(kind: ProgramType) -> Program:
    return random_program(kind, 8, 3, seed=2, fraction=1.0)


@cache
def planted_path(kind: ProgramType) -> list[Solution]:
    return follow(planted(kind, seed=1), FRACTIONS)


@cache
def small_cold(kind: ProgramType, fraction: float) -> Solution:
    return cold(small(kind), fraction)


def follow(program: Program, fractions: Sequence[float]) -> list[Solution]:
    betas = [fraction * program.beta for fraction in fractions]
    return list(SemismoothNewton(RTOL).solve_path(program, betas))


def cold(program: Program, fraction: float) -> Solution:
    return SemismoothNewton(RTOL).solve(replace(program, beta=fraction * program.beta))


def is_zero(point: Point) -> bool:
    blocks = point.w
    return not any(np.any(w) for w in blocks)


def loss_and_penalty(program: Program, point: Point) -> tuple[float, float]:
    residual = program.data.y - program.fit(point)
    blocks = point.w
    norms = sum(float(np.linalg.norm(w, axis=1).sum()) for w in blocks)
    return 0.5 * float(residual @ residual), norms


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_warm_starts_take_fewer_newton_steps_and_give_the_same_optima(kind: ProgramType) -> None:
    program, warm = planted(kind, seed=1), planted_path(kind)
    alone = [cold(program, fraction) for fraction in FRACTIONS]
    assert {solution.status for solution in [*warm, *alone]} == {Status.SOLVED}
    steps = [sum(solution.n_iterations for solution in run) for run in (warm, alone)]
    assert steps[0] < 0.6 * steps[1]
    for one, other in zip(warm, alone, strict=True):
        assert overlap(one.certificate, other.certificate)


@pytest.mark.parametrize("factor", [1.0, 1.5, 1e3])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_at_and_above_beta_max_the_solution_is_zero_without_a_step(
    kind: ProgramType, factor: float
) -> None:
    program = planted(kind)
    started = follow(program, [factor, 0.1, factor])
    for solution in (cold(program, factor), started[0]):
        assert is_zero(solution.point)
        assert solution.n_iterations == 0
        assert solution.status is Status.SOLVED
    half = 0.5 * float(program.data.y @ program.data.y)
    assert started[0].certificate.dual_value == pytest.approx(half, rel=RTOL)
    assert started[2].status is Status.SOLVED


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_loss_falls_and_the_penalty_grows_as_beta_falls_up_to_the_gaps(
    kind: ProgramType,
) -> None:
    r"""Add both ``value at own beta <= value of the other point at that beta + gap``."""
    program, solutions = planted(kind, seed=1), planted_path(kind)
    rows = [
        (
            fraction * program.beta,
            *loss_and_penalty(program, solution.point),
            solution.certificate.duality_gap,
        )
        for fraction, solution in zip(FRACTIONS, solutions, strict=True)
    ]
    for (beta, loss, penalty, gap), (next_beta, next_loss, next_penalty, next_gap) in pairwise(
        rows
    ):
        slack = (gap + next_gap) / (beta - next_beta)
        assert penalty <= next_penalty + slack
        assert next_loss <= loss + next_beta * slack + next_gap
    assert rows[0][1] > 10.0 * rows[-1][1]
    assert rows[0][2] == 0.0 < rows[-1][2]


@pytest.mark.parametrize("order", [[0.01, 1.0, 0.3, 1e-3], [1e-3, 0.01, 0.3, 1.0], [0.1, 0.1]])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_any_order_of_strengths_is_solved(kind: ProgramType, order: list[float]) -> None:
    program = small(kind)
    for fraction, solution in zip(order, follow(program, order), strict=True):
        assert solution.status is Status.SOLVED
        assert overlap(solution.certificate, small_cold(kind, fraction).certificate)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_path_does_not_depend_on_the_strength_of_the_program_given(kind: ProgramType) -> None:
    program = small(kind)
    betas = [program.beta, 0.1 * program.beta]
    other = replace(program, beta=1e-3 * program.beta)
    one, two = (list(SemismoothNewton(RTOL).solve_path(p, betas)) for p in (program, other))
    for a, b in zip(one, two, strict=True):
        assert a.certificate.primal_value == b.certificate.primal_value


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_solution_is_its_own_start_and_takes_no_step(kind: ProgramType) -> None:
    program = replace(planted(kind), beta=0.05 * planted(kind).beta)
    solver = SemismoothNewton(RTOL)
    first = solver.solve(program)
    again = solver.solve(program, first)
    assert first.n_iterations > 0
    assert again.n_iterations == 0
    assert again.status is Status.SOLVED
    assert overlap(first.certificate, again.certificate)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_start_from_nearby_takes_fewer_steps(kind: ProgramType) -> None:
    program = planted(kind)
    start = cold(program, 0.05)
    warm = SemismoothNewton(RTOL).solve(replace(program, beta=0.045 * program.beta), start)
    alone = cold(program, 0.045)
    assert warm.status is Status.SOLVED
    assert warm.n_iterations < alone.n_iterations
    assert overlap(warm.certificate, alone.certificate)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_start_of_another_shape_or_kind_is_refused(kind: ProgramType) -> None:
    program = small(kind)
    (other_kind,) = set(PROGRAM_TYPES) - {kind}
    other = small(other_kind)
    wider = random_program(kind, 8, 4, seed=2)
    fewer = replace(program, patterns=program.patterns.subset(np.arange(3)))
    for stranger in (other, wider, fewer):
        start = SemismoothNewton(RTOL).solve(stranger)
        with pytest.raises(ConfigurationError, match=r"Expected a start with .* of shape"):
            SemismoothNewton(RTOL).solve(program, start)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.inf])
def test_a_strength_that_is_not_positive_and_finite_is_refused_before_any_work(
    beta: float,
) -> None:
    program = small(gated_program)
    with pytest.raises(ConfigurationError, match="positive, finite beta"):
        next(SemismoothNewton(RTOL).solve_path(program, [program.beta, beta]))


def test_too_many_cones_are_followed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    program = small(relu_program)
    direct = follow(program, [1.0, 0.1])
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", 400)
    for one, other in zip(direct, follow(program, [1.0, 0.1]), strict=True):
        assert overlap(one.certificate, other.certificate)
