from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, random_program

from relaxgap.experiments.parts.solver_comparison import relative_error
from relaxgap.experiments.timing.dense_interior_point import fit_matrix, solve
from relaxgap.problems import Blocks
from relaxgap.solvers import SemismoothNewton

TOLERANCE = 1e-6


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_dense_method_solves_the_program_that_the_others_do(kind: ProgramType) -> None:
    program = random_program(kind, 8, 4, seed=3, n_gates=6)
    answer = solve(program, TOLERANCE)
    assert answer.blocks is not None
    value = program.value(program.into_cones(Blocks(answer.blocks)))
    bound = SemismoothNewton(1e-8).solve(program).certificate.dual_value
    error = relative_error(value, bound)
    assert error is not None
    # the solver's own tolerance is a tenth of the error that a benchmark asks for
    assert -1e-12 <= error <= 10 * TOLERANCE
    assert answer.n_iterations > 0


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_matrix_maps_blocks_to_their_fit(kind: ProgramType) -> None:
    program = random_program(kind, 6, 3, seed=4, n_gates=5)
    w = np.random.default_rng(0).standard_normal(program.shape)
    np.testing.assert_allclose(fit_matrix(program) @ w.ravel(), program.fit(Blocks(w)), rtol=1e-12)


def test_without_labels_there_is_no_answer() -> None:
    program = random_program(PROGRAM_TYPES[0], 4, 2, seed=0, n_gates=3)
    silent = replace(program, data=replace(program.data, y=np.zeros(4)))
    assert solve(silent, TOLERANCE).blocks is None
