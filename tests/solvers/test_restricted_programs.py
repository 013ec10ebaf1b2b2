from dataclasses import replace

import numpy as np
import pytest
from instances import degenerate_program, overlap, random_program, restricted

from relaxgap.problems import ConeBlocks, Program, relu_program
from relaxgap.solvers import (
    ColumnGeneration,
    ConicSolver,
    SemismoothNewton,
    Solution,
    Status,
)
from relaxgap.solvers.base import Solver
from relaxgap.solvers.newton import choice

SOLVERS: list[Solver] = [
    SemismoothNewton(1e-8),
    ColumnGeneration(1e-7),
    ColumnGeneration(1e-7, SemismoothNewton(1e-8)),
    ConicSolver(rtol=1e-7),
]


def restricted_program(seed: int, fraction: float = 0.05) -> Program:
    base = random_program(relu_program, 7, 3, seed, fraction=fraction)
    return restricted(base, seed, share=0.3 + 0.1 * (seed % 5))


def one_sign(program: Program, row: int) -> Program:
    allowed = np.zeros((2, program.patterns.n_patterns), dtype=np.bool_)
    allowed[row] = True
    return replace(program, family=ConeBlocks(allowed))


def uses_allowed_blocks_only(program: Program, solution: Solution) -> bool:
    return program.n_forbidden(solution.point) == 0


@pytest.mark.parametrize("fraction", [0.5, 1e-2, 1e-4])
@pytest.mark.parametrize("seed", range(2))
def test_a_relative_gap_of_1e_8_is_reached_under_any_restriction(
    seed: int, fraction: float
) -> None:
    program = restricted_program(seed, fraction)
    solution = SemismoothNewton(1e-8).solve(program)
    assert solution.status is Status.SOLVED
    assert solution.certificate.relative_gap <= 1e-8
    assert uses_allowed_blocks_only(program, solution)


@pytest.mark.parametrize("solver", SOLVERS, ids=["newton", "columns", "own master", "clarabel"])
@pytest.mark.parametrize("seed", range(1))
def test_every_solver_finds_the_same_optimum_without_forbidden_blocks(
    solver: Solver, seed: int
) -> None:
    program = restricted_program(seed)
    solution = solver.solve(program)
    assert solution.status is Status.SOLVED
    assert uses_allowed_blocks_only(program, solution)
    reference = SemismoothNewton(1e-10).solve(program).certificate
    assert overlap(solution.certificate, reference)
    # the forbidden blocks would have helped: the restriction is not idle
    free = SemismoothNewton(1e-8).solve(replace(program, family=ConeBlocks(None))).certificate
    assert free.primal_value < solution.certificate.dual_value


@pytest.mark.parametrize("solver", SOLVERS, ids=["newton", "columns", "own master", "clarabel"])
def test_allowing_everything_changes_nothing_at_all(solver: Solver) -> None:
    program = random_program(relu_program, 6, 3, seed=3, fraction=0.02)
    every = replace(
        program, family=ConeBlocks(np.ones((2, program.patterns.n_patterns), dtype=np.bool_))
    )
    one, other = solver.solve(program), solver.solve(every)
    assert np.array_equal(one.point.w[0], other.point.w[0])
    assert np.array_equal(one.point.w[1], other.point.w[1])
    assert np.array_equal(one.certificate.nu, other.certificate.nu)
    assert one.certificate.primal_value == other.certificate.primal_value
    assert one.certificate.dual_value == other.certificate.dual_value


@pytest.mark.reference
@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("name", ["clarabel", "ecos"])
@pytest.mark.parametrize("seed", range(3))
def test_the_bracket_of_one_sign_alone_overlaps_that_of_the_conic_references(
    name: str, seed: int, row: int
) -> None:
    base = random_program(relu_program, 7, 3, seed, fraction=0.03)
    assert base.family.name == "relu"
    program = one_sign(base, row)
    ours = SemismoothNewton(1e-8).solve(program)
    reference = ConicSolver(name, 1e-8).solve(program)
    assert reference.status is Status.SOLVED
    assert overlap(ours.certificate, reference.certificate)
    for solution in (ours, reference):
        assert not np.any((solution.point.w[1], solution.point.w[0])[row])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_degenerate_data_under_a_restriction_have_overlapping_brackets(seed: int) -> None:
    program = restricted(degenerate_program(relu_program, seed), seed)
    ours = SemismoothNewton(1e-7).solve(program).certificate
    assert overlap(ours, ConicSolver(rtol=1e-8).solve(program).certificate)


@pytest.mark.parametrize("seed", range(1))
def test_too_many_cones_are_left_to_column_generation_with_the_restriction(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = restricted_program(seed)
    whole = SemismoothNewton(1e-8).solve(program)
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", 10)
    solution = SemismoothNewton(1e-7).solve(program)
    assert solution.status is Status.SOLVED
    assert uses_allowed_blocks_only(program, solution)
    assert overlap(solution.certificate, whole.certificate)


def test_a_path_keeps_the_restriction() -> None:
    program = restricted_program(1)
    betas = [program.beta * factor for factor in (4.0, 1.0, 0.1)]
    solver = SemismoothNewton(1e-8)
    for beta, solution in zip(betas, solver.solve_path(program, betas), strict=True):
        assert solution.status is Status.SOLVED
        assert uses_allowed_blocks_only(program, solution)
        assert overlap(solution.certificate, solver.solve(replace(program, beta=beta)).certificate)


@pytest.mark.parametrize("seed", range(1))
def test_a_start_from_the_program_without_the_restriction_is_no_obstacle(seed: int) -> None:
    program = restricted_program(seed)
    solver = SemismoothNewton(1e-8)
    start = solver.solve(replace(program, family=ConeBlocks(None)))
    assert not uses_allowed_blocks_only(program, start)
    warm = solver.solve(program, start)
    assert warm.status is Status.SOLVED
    assert uses_allowed_blocks_only(program, warm)
    assert overlap(warm.certificate, solver.solve(program).certificate)


@pytest.mark.parametrize("solver", SOLVERS, ids=["newton", "columns", "own master", "clarabel"])
def test_zero_is_the_optimum_if_nothing_is_allowed(solver: Solver) -> None:
    program = restricted(random_program(relu_program, 6, 3, seed=0), 0, share=0.0)
    solution = solver.solve(program)
    assert solution.status is Status.SOLVED
    assert solution.point.active_blocks == 0
    y = program.data.y
    assert solution.certificate.dual_value == pytest.approx(0.5 * float(y @ y), rel=1e-13)
