import pytest
from instances import PROGRAM_TYPES, ProgramType, degenerate_program, random_program

from relaxgap.programs import ConvexReLUProgram, GatedReLUProgram
from relaxgap.solvers import ConicSolver, SemismoothNewton, Status


@pytest.mark.parametrize(
    ("kind", "n", "d", "seed", "fraction"),
    [
        (GatedReLUProgram, 9, 3, 304730505, 1.6e-5),
        (ConvexReLUProgram, 4, 2, 950942177, 1e-4),
        (ConvexReLUProgram, 6, 2, 136326302, 1.8e-5),
    ],
)
def test_a_network_that_almost_interpolates_is_solved(
    kind: ProgramType, n: int, d: int, seed: int, fraction: float
) -> None:
    """Long first steps used to leave the blocks far off, with no way back."""
    program = random_program(kind, n, d, seed, fraction=fraction)
    assert SemismoothNewton(1e-7).solve(program).status is Status.SOLVED


@pytest.mark.parametrize("seed", [907840877, 16222697, 613670625, 663874093])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_rows_of_sixteen_orders_of_magnitude_are_no_obstacle(kind: ProgramType, seed: int) -> None:
    program = degenerate_program(kind, seed)
    ours = SemismoothNewton(1e-6).solve(program).certificate
    reference = ConicSolver(rtol=1e-8).solve(program).certificate
    assert ours.dual_value <= reference.primal_value * (1.0 + 1e-13)
    assert reference.dual_value <= ours.primal_value * (1.0 + 1e-13)
    assert ours.relative_gap <= max(1e-6, 2.0 * reference.relative_gap)
