from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, KnownProgram, ProgramType, known_programs, random_program

from relaxgap.certificates import beta_max, certify
from relaxgap.errors import ConfigurationError
from relaxgap.solvers import ColumnGeneration, ConicSolver, SemismoothNewton, Solver, Status

RTOL = 1e-7
EXTERNAL = [
    pytest.param(ConicSolver("ecos", RTOL), id="ecos", marks=pytest.mark.reference),
    pytest.param(ConicSolver("scs", RTOL), id="scs", marks=pytest.mark.reference),
]
SOLVERS = [
    pytest.param(ConicSolver("clarabel", RTOL), id="clarabel"),
    pytest.param(ColumnGeneration(RTOL), id="columns"),
    pytest.param(SemismoothNewton(RTOL), id="newton"),
    *EXTERNAL,
]


@pytest.mark.parametrize("known", known_programs(), ids=str)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_certified_bracket_holds_the_known_optimum(solver: Solver, known: KnownProgram) -> None:
    solution = solver.solve(known.program)
    certificate = solution.certificate
    rounding = 1e-12 * known.optimum
    assert certificate.dual_value <= known.optimum + rounding
    assert certificate.primal_value >= known.optimum - rounding
    assert solution.status is Status.SOLVED
    assert certificate.relative_gap <= RTOL
    value = known.program.value(solution.point)
    assert value <= certificate.primal_value <= value * (1.0 + 1e-11)
    assert known.program.max_cone_violation(solution.point) <= 1e-12


@pytest.mark.parametrize("factor", [1.0, 1.5])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_zero_is_returned_without_an_iteration_at_and_above_beta_max(
    solver: Solver, kind: ProgramType, factor: float
) -> None:
    program = random_program(kind, 6, 3, seed=0, fraction=factor)
    solution = solver.solve(program)
    assert solution.n_iterations == 0
    assert solution.status is Status.SOLVED
    assert solution.point.active_blocks == 0
    assert solution.certificate.primal_value == 0.5 * float(program.data.y @ program.data.y)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_zero_is_not_optimal_below_beta_max(kind: ProgramType) -> None:
    program = random_program(kind, 6, 3, seed=0, fraction=0.99)
    solution = ConicSolver().solve(program)
    at_zero = certify(program, program.zero())
    assert solution.point.active_blocks > 0
    assert solution.certificate.primal_value < at_zero.primal_value


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_beta_max_of_one_sample_is_its_norm_times_the_label(kind: ProgramType) -> None:
    (program,) = {
        known.program for known in known_programs() if known.name.startswith("one sample, c")
    }
    unit = beta_max(program.data, program.patterns, kind)
    assert 10.0 <= unit <= 10.0 * (1.0 + 1e-9)


def test_a_solver_stopped_early_returns_a_valid_bracket_and_says_so() -> None:
    program = random_program(PROGRAM_TYPES[0], 6, 3, seed=1, fraction=0.01)
    exact = ConicSolver(rtol=1e-8).solve(program).certificate
    hasty = ConicSolver("scs", max_iterations=5).solve(program)
    assert hasty.status is not Status.SOLVED
    assert hasty.certificate.dual_value <= exact.primal_value
    assert exact.dual_value <= hasty.certificate.primal_value


def test_column_generation_stopped_at_its_round_limit_says_so() -> None:
    program = random_program(PROGRAM_TYPES[0], 8, 4, seed=1, fraction=0.01)
    hasty = ColumnGeneration(n_blocks=1, max_rounds=1).solve(program)
    assert hasty.status is Status.ROUND_LIMIT
    exact = ColumnGeneration(rtol=1e-8).solve(program).certificate
    assert hasty.certificate.dual_value <= exact.primal_value
    assert exact.dual_value <= hasty.certificate.primal_value


def test_the_returned_point_is_in_its_cones_for_labels_that_cannot_be_fitted() -> None:
    program = random_program(PROGRAM_TYPES[0], 8, 1, seed=2, fraction=1e-4)
    solution = ConicSolver().solve(program)
    assert solution.status is Status.SOLVED
    assert program.max_cone_violation(solution.point) <= 1e-12


@pytest.mark.parametrize("rtol", [0.0, 1.0, -1e-3])
def test_a_tolerance_outside_zero_to_one_is_refused(rtol: float) -> None:
    with pytest.raises(ConfigurationError, match="rtol"):
        ConicSolver(rtol=rtol)
    with pytest.raises(ConfigurationError, match="rtol"):
        ColumnGeneration(rtol=rtol)


@pytest.mark.parametrize("setting", [{"n_blocks": 0}, {"max_rounds": 0}])
def test_column_generation_needs_a_block_and_a_round(setting: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="n_blocks >= 1"):
        ColumnGeneration(**setting)


def test_a_gated_solution_over_one_orthonormal_pattern_is_the_thresholded_block() -> None:
    known = next(k for k in known_programs() if k.name == "one all-active pattern, gated")
    program = known.program
    assert program.family.name == "gated"
    solution = ConicSolver(rtol=1e-9).solve(program)
    target = program.data.X.T @ program.data.y
    shrunk = target * (1.0 - program.beta / np.linalg.norm(target))
    np.testing.assert_allclose(solution.point.w[0, 0], shrunk, atol=1e-6)
    doubled = replace(program, beta=2.0 * program.beta)
    assert ConicSolver().solve(doubled).certificate.dual_value > known.optimum
