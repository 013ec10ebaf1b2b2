from dataclasses import replace

import numpy as np
import pytest
from instances import (
    PROGRAM_TYPES,
    ProgramType,
    degenerate_program,
    overlap,
    random_program,
)

from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems import gated_program, relu_program
from relaxgap.solvers import ColumnGeneration, ConicSolver, Status
from relaxgap.solvers.conic import ConicName


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_column_generation_agrees_with_one_conic_solve_over_all_patterns(
    kind: ProgramType, seed: int
) -> None:
    program = random_program(kind, 6, 3, seed, fraction=10.0 ** -(seed + 1))
    whole, columns = ConicSolver(rtol=1e-8).solve(program), ColumnGeneration(1e-8).solve(program)
    assert whole.status is columns.status is Status.SOLVED
    assert overlap(whole.certificate, columns.certificate)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_brackets_of_both_solvers_overlap_on_degenerate_data(kind: ProgramType, seed: int) -> None:
    program = degenerate_program(kind, seed)
    whole, columns = ConicSolver().solve(program), ColumnGeneration().solve(program)
    assert overlap(whole.certificate, columns.certificate)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_column_generation_agrees_with_one_conic_solve_for_up_to_eight_samples(
    kind: ProgramType, seed: int
) -> None:
    n = 2 + seed % 7
    program = random_program(kind, n, 1 + seed % 4, seed, fraction=10.0 ** -(seed % 5))
    whole, columns = ConicSolver(rtol=1e-8).solve(program), ColumnGeneration(1e-8).solve(program)
    assert columns.status is Status.SOLVED
    assert overlap(whole.certificate, columns.certificate)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["ecos", "scs"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_an_independent_conic_solver_agrees_within_both_gaps(
    kind: ProgramType, seed: int, name: ConicName
) -> None:
    program = random_program(kind, 6, 3, seed, fraction=10.0 ** -(seed + 1))
    ours, other = ConicSolver(rtol=1e-7).solve(program), ConicSolver(name, 1e-7).solve(program)
    assert ours.status is other.status is Status.SOLVED
    assert overlap(ours.certificate, other.certificate)


@pytest.mark.reference
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_ecos_can_be_the_master_of_column_generation(kind: ProgramType) -> None:
    program = random_program(kind, 8, 4, seed=5, fraction=0.01)
    solution = ColumnGeneration(rtol=1e-6, master=ConicSolver("ecos", 1e-8)).solve(program)
    assert solution.status is Status.SOLVED


@pytest.mark.parametrize("fraction", [0.9, 0.01, 1e-4])
@pytest.mark.parametrize("labels", ["noise", "signs", "planted"])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_column_generation_reaches_a_relative_gap_of_1e_8_at_any_regularisation(
    kind: ProgramType, labels: str, fraction: float
) -> None:
    program = random_program(kind, 8, 4, seed=1, fraction=fraction, labels=labels)
    solution = ColumnGeneration(rtol=1e-8).solve(program)
    assert solution.status is Status.SOLVED


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_conic_solve_keeps_its_accuracy_where_the_network_almost_interpolates(
    kind: ProgramType,
) -> None:
    program = random_program(kind, 6, 3, seed=1, fraction=1e-5)
    assert ConicSolver(rtol=1e-7).solve(program).status is Status.SOLVED


@pytest.mark.parametrize("seed", range(3))
def test_the_optimality_conditions_of_the_gated_program_hold(seed: int) -> None:
    program = random_program(gated_program, 6, 3, seed, fraction=0.1)
    solution = ConicSolver(rtol=1e-10).solve(program)
    nu, w = solution.certificate.nu, solution.point.w[0]
    gradients = (program.patterns.patterns * nu) @ program.data.X
    assert np.all(np.linalg.norm(gradients, axis=1) <= program.beta)
    norms = np.linalg.norm(w, axis=1)
    active = norms > 1e-3 * norms.max()
    aligned = program.beta * w[active] / norms[active, None]
    np.testing.assert_allclose(gradients[active], aligned, atol=1e-3 * program.beta)
    np.testing.assert_allclose(nu, program.data.y - program.fit(solution.point), atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_optimality_conditions_of_the_cone_program_hold(seed: int) -> None:
    program = random_program(relu_program, 6, 3, seed, fraction=0.1)
    solution = ConicSolver(rtol=1e-10).solve(program)
    X, nu, point = program.data.X, solution.certificate.nu, solution.point
    largest = max(np.linalg.norm(w, axis=1).max() for w in (point.w[0], point.w[1]))  # type: ignore[union-attr]
    for blocks, sign in ((point.w[0], 1.0), (point.w[1], -1.0)):  # type: ignore[union-attr]
        for pattern, block in zip(program.patterns.patterns, blocks, strict=True):
            projection, _ = project_onto_cone(X, pattern, sign * (X.T @ (pattern * nu)))
            assert np.linalg.norm(projection) <= program.beta * (1.0 + 1e-12)
            size = np.linalg.norm(block)
            if size > 1e-3 * largest:
                np.testing.assert_allclose(
                    projection, program.beta * block / size, atol=1e-3 * program.beta
                )


def test_the_optimum_rises_with_the_regularisation() -> None:
    program = random_program(relu_program, 6, 3, seed=4, fraction=0.01)
    values = [
        ColumnGeneration().solve(replace(program, beta=factor * program.beta)).certificate
        for factor in (1.0, 3.0, 10.0)
    ]
    assert values[0].dual_value <= values[1].primal_value
    assert values[1].dual_value <= values[2].primal_value
    assert values[0].primal_value < values[2].dual_value
