import math
import time
from itertools import count, pairwise

import pytest
from instances import overlap, random_program

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import Backend
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import relu_program
from relaxgap.solvers import ColumnGeneration, ConicSolver, SemismoothNewton, Solver, Status
from relaxgap.solvers.base import Followed
from relaxgap.solvers.registry import (
    DEFAULT,
    NAMES,
    REFERENCES,
    SOLVERS,
    make,
    make_for_any_size,
)

INSTALLED = [name for name, entry in SOLVERS.items() if entry.is_installed]


@pytest.mark.parametrize("name", INSTALLED)
def test_every_installed_solver_is_made_from_its_name_and_solves(name: str) -> None:
    program = random_program(relu_program, 5, 2, 0, fraction=0.1)
    for solver in (make(name, 1e-4), make_for_any_size(name, 1e-4)):
        assert isinstance(solver, Solver)
        assert solver.solve(program).status is Status.SOLVED


def test_each_name_makes_its_own_class() -> None:
    assert NAMES[0] == DEFAULT
    assert make("semismooth_newton", 1e-3) == SemismoothNewton(1e-3)
    assert make("column_generation", 1e-3) == ColumnGeneration(1e-3)
    assert make("clarabel", 1e-3) == ConicSolver("clarabel", 1e-3)
    assert make_for_any_size("clarabel", 1e-3) == ColumnGeneration(
        1e-3, ConicSolver("clarabel", 1e-8)
    )


def test_what_is_asked_of_a_solver_reaches_it_or_is_refused() -> None:
    backend = Backend(dtype="float32")
    assert make("semismooth_newton", 1e-3, backend) == SemismoothNewton(1e-3, backend=backend)
    for name in REFERENCES:
        with pytest.raises(ConfigurationError, match=f"solver {name}.*take solver semismooth"):
            make(name, 1e-3, backend)


@pytest.mark.parametrize("name", INSTALLED)
def test_a_deadline_that_has_passed_ends_every_solver_with_a_bracket_that_holds(name: str) -> None:
    program = random_program(relu_program, 5, 2, 0, fraction=0.1)
    late = make(name, 1e-9).solve(program, deadline=Deadline(-math.inf))
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, SemismoothNewton(1e-8).solve(program).certificate)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    for made in (make, make_for_any_size):
        with pytest.raises(ConfigurationError, match="clarabel, ecos, scs, got 'gurobi'"):
            made("gurobi", 1e-3)


def test_the_state_of_a_solver_is_one_line() -> None:
    for entry in SOLVERS.values():
        assert entry.state.startswith(entry.meaning)
        assert "\n" not in entry.state
        assert entry.is_reference == bool(entry.install)


@pytest.mark.parametrize("name", [name for name in INSTALLED if name != DEFAULT])
def test_a_deadline_that_passes_within_a_run_is_no_inaccuracy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = random_program(relu_program, 8, 3, 0, fraction=0.01)
    # it has not passed at the first look, and nothing gets closer than this after it
    looks = iter([False])
    monkeypatch.setattr(Deadline, "has_passed", property(lambda _: next(looks, True)))
    monkeypatch.setattr(Deadline, "remaining_seconds", property(lambda _: 1e-4))
    late = make(name, 1e-15).solve(program, deadline=Deadline())
    assert late.status is Status.TIME_LIMIT
    monkeypatch.undo()
    assert overlap(late.certificate, SemismoothNewton(1e-8).solve(program).certificate)


@pytest.mark.parametrize("name", ["semismooth_newton", "column_generation"])
def test_each_round_of_a_solver_lies_inside_the_one_before(name: str) -> None:
    program = random_program(relu_program, 8, 3, 0, fraction=0.01)
    solver = make(name, 1e-9)
    assert isinstance(solver, Followed)
    rounds = list(solver.rounds(program))
    for before, after in pairwise(rounds):
        assert before.status is Status.RUNNING
        assert before.certificate.dual_value <= after.certificate.dual_value
        assert after.certificate.primal_value <= before.certificate.primal_value
    assert rounds[-1].status is Status.SOLVED
    # the first costs nothing: the zero network, and no bound
    half = 0.5 * float(program.data.y @ program.data.y)
    assert rounds[0].certificate.primal_value == pytest.approx(half, rel=1e-13)
    assert rounds[0].certificate.dual_value == 0.0


@pytest.mark.parametrize("name", ["semismooth_newton", "column_generation"])
def test_a_deadline_in_the_middle_of_a_piece_leaves_a_bracket(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = random_program(relu_program, 8, 3, 0, fraction=0.01)
    exact = SemismoothNewton(1e-8).solve(program).certificate
    clock = time.monotonic()
    for ticks in (0, 1, 5, 20, 80, 320):
        # every look at the clock takes a second
        looks = count(clock)
        monkeypatch.setattr(time, "monotonic", lambda looks=looks: next(looks))
        found = make(name, 1e-9).solve(program, deadline=Deadline(clock + ticks))
        monkeypatch.undo()
        assert found.status in (Status.TIME_LIMIT, Status.SOLVED)
        assert overlap(found.certificate, exact)
