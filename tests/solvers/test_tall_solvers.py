"""Both ways for tall data against the square solver, within their certified gaps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from instances import overlap
from solvers.tall_instances import KINDS, gated, planted, relu, two_classes

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import LOSSES, Program, gated_program, relu_program
from relaxgap.solvers import SemismoothNewton, Status
from relaxgap.solvers.newton.semismooth_newton import _WholeProgram
from relaxgap.solvers.tall.cone_newton import ConeNewton
from relaxgap.solvers.tall.gram_newton import GramNewton
from relaxgap.solvers.tall.rounds import Iterate, TallSolver


@dataclass(frozen=True)
class Way:
    """Hold a solver, what makes its programs and others of the same, and settings of small ones."""

    solver: type[TallSolver]
    program: Callable[..., Program]
    other: Callable[..., Program]
    refusal: str
    least_fraction_of_classes: float
    small_sample: dict[str, int]


CHUNK = "solvers.tall.row_passes.CHUNK"
WAYS = [
    Way(
        GramNewton,
        gated,
        relu_program,
        "solver gram_newton, got relu and squared",
        0.03,
        {
            "solvers.tall.gram_newton.MIN_SAMPLE": 100,
            "solvers.tall.gram_newton.MAX_SAMPLED_BLOCKS": 10,
            CHUNK: 64,
            "solvers.tall.row_passes.MAX_KEPT": 0,
        },
    ),
    Way(
        ConeNewton,
        relu,
        gated_program,
        "solver cone_newton, got gated and squared",
        0.01,
        {
            "solvers.tall.cone_newton.MIN_SAMPLE": 200,
            "solvers.tall.cone_newton.SAMPLE_A_COLUMN": 10,
            CHUNK: 64,
            "certificates.prices.near_cones.ROWS_AT_ONCE": 64,
            "certificates.prices.near_cones.NEAR": 4,
        },
    ),
]
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=[way.solver.name for way in WAYS])


@EACH_WAY
@pytest.mark.parametrize("fraction", [0.3, 0.01])
@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_square_solver(way: Way, kind: object, fraction: float) -> None:
    program = way.program(kind(300, 5, 0), fraction=fraction)  # type: ignore[operator]
    found = way.solver(1e-7).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert found.status is Status.SOLVED
    assert found.certificate.relative_gap <= 1e-7
    assert overlap(found.certificate, square.certificate)


@EACH_WAY
@pytest.mark.parametrize("is_large", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_square_solver_on_classes(
    way: Way, kind: object, is_large: bool
) -> None:
    fraction = 0.3 if is_large else way.least_fraction_of_classes
    data = two_classes(kind(300, 5, 0))  # type: ignore[operator]
    program = way.program(data, fraction=fraction)
    program = replace(program, loss=LOSSES["logistic"], beta=0.5 * program.beta)
    found = way.solver(1e-6).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert found.status is Status.SOLVED
    assert overlap(found.certificate, square.certificate)


@EACH_WAY
def test_a_sample_of_the_rows_leads_to_the_optimum_over_all(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in way.small_sample.items():
        monkeypatch.setattr(f"relaxgap.{name}", value)
    program = way.program(planted(1001, 4, 1))
    found = way.solver(1e-7).solve(program)
    assert found.status is Status.SOLVED
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert overlap(found.certificate, square.certificate)


@EACH_WAY
def test_the_default_solver_takes_it_where_rows_are_many_and_says_so(way: Way) -> None:
    solver = SemismoothNewton(1e-5)
    tall, square = way.program(planted(600, 3, 0)), way.program(planted(60, 30, 0))
    assert solver.method(tall) == way.solver.name
    assert solver.method(square) == "semismooth_newton"
    assert solver.method(way.other(tall.data, tall.patterns, tall.beta)) != way.solver.name
    found = solver.solve(tall)
    assert found.status is Status.SOLVED
    path = list(solver.solve_path(tall, [2.0 * tall.beta, tall.beta]))
    assert [point.status for point in path] == [Status.SOLVED] * 2
    assert overlap(path[1].certificate, found.certificate)


@EACH_WAY
def test_a_start_at_the_optimum_is_kept(way: Way) -> None:
    program = way.program(planted(400, 3, 2))
    first = way.solver(1e-6).solve(program)
    again = way.solver(1e-6).solve(program, first)
    assert again.n_iterations == 0
    assert overlap(first.certificate, again.certificate)


@EACH_WAY
@pytest.mark.parametrize(("unit", "stays"), [(1.0, True), (1e-9, False), (1e9, False)])
def test_rows_of_moderate_size_stay_where_they_are(way: Way, unit: float, stays: bool) -> None:
    program = way.program(planted(400, 3, 2))
    program = replace(program, data=Dataset(unit * program.data.X, program.data.y))
    seen: list[np.ndarray] = []

    def spy(scaled: Program, _start: np.ndarray) -> Iterator[Iterate]:
        seen.append(scaled.data.X)
        return iter(())

    list(way.solver(1e-6).rounds(program, descent=spy))
    assert (seen[0] is program.data.X) == stays
    assert 0.1 <= np.linalg.norm(seen[0], 2) <= 1e3


@EACH_WAY
def test_labels_of_zero_and_a_large_beta_give_zero(way: Way) -> None:
    program = way.program(planted(400, 3, 2))
    nothing = replace(program, data=Dataset(program.data.X, 0.0 * program.data.y))
    above = replace(program, beta=1.01 * program.beta / 0.05)
    for easy in (nothing, above):
        found = way.solver(1e-6).solve(easy)
        assert found.status is Status.SOLVED
        assert found.point.active_blocks == 0


@EACH_WAY
def test_a_passed_deadline_leaves_a_bracket_that_holds(way: Way) -> None:
    program = way.program(planted(400, 3, 2))
    late = way.solver(1e-6).solve(program, deadline=Deadline(-np.inf))
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, way.solver(1e-6).solve(program).certificate)


@EACH_WAY
def test_another_program_is_refused_in_one_sentence(way: Way) -> None:
    program = way.program(planted(400, 3, 2))
    other = way.other(program.data, program.patterns, program.beta)
    with pytest.raises(ConfigurationError, match=way.refusal):
        way.solver(1e-6).solve(other)
