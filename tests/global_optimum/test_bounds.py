from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from instances import random_program

from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum import solver as solver_module
from relaxgap.global_optimum.bounds import (
    AUTO,
    BOUNDS,
    CERTIFICATE_NAMES,
    OPENING,
    Bound,
    Schedule,
    meanings,
    schedule,
)
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.global_optimum.search import GAIN, NetworkSearch
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems import Blocks, Loss, Program, relu_program
from relaxgap.problems.losses import LOSSES
from relaxgap.solvers import Status

FEW = Dataset(np.eye(3), np.array([1.0, -2.0, 3.0]))
SOME = Dataset(np.random.default_rng(0).standard_normal((16, 8)), np.ones(16))
MANY = Dataset(np.random.default_rng(0).standard_normal((60, 30)), np.ones(60))


def names(bounds: tuple[Bound, ...]) -> list[str]:
    return [bound.name for bound in bounds]


def test_no_two_bounds_share_a_name_and_each_can_be_asked_for() -> None:
    assert len(set(names(BOUNDS))) == len(BOUNDS)
    assert list(CERTIFICATE_NAMES) == [AUTO, *names(BOUNDS)]


@pytest.mark.parametrize("bound", BOUNDS, ids=names(BOUNDS))
def test_a_bound_asked_for_by_name_is_the_only_one_after_the_opening_one(bound: Bound) -> None:
    chosen = schedule(bound.name, MANY)
    assert chosen.first == chosen.before_search == ()
    assert names(chosen.after_search) == [bound.name] * (bound is not OPENING)


def test_few_patterns_are_priced_and_many_bounded_by_eigenvalues_first() -> None:
    assert names(schedule(AUTO, FEW).first) == ["enumeration"]
    assert names(schedule(AUTO, FEW).after_search) == ["branch_and_bound"]
    assert names(schedule(AUTO, SOME).after_search) == ["enumeration", "branch_and_bound"]
    assert names(schedule(AUTO, MANY).before_search) == ["spectral"]
    assert names(schedule(AUTO, MANY).after_search) == ["branch_and_bound"]


def test_few_columns_of_many_rows_are_bounded_on_the_sphere() -> None:
    tall = Dataset(np.random.default_rng(0).standard_normal((300, 4)), np.ones(300))
    assert names(schedule(AUTO, tall).after_search) == ["sphere", "branch_and_bound"]
    assert names(schedule(AUTO, tall, LOSSES["logistic"]).after_search) == ["sphere"]
    assert names(schedule(AUTO, MANY, LOSSES["logistic"]).after_search) == ["pair"]
    wide = Dataset(np.random.default_rng(0).standard_normal((60, 50)), np.ones(60))
    assert names(schedule(AUTO, wide, LOSSES["logistic"]).after_search) == ["maxcut"]


def test_tables_are_bounded_by_moments_of_combinations_of_rows() -> None:
    table = Dataset(np.random.default_rng(0).standard_normal((300, 8)), np.ones(300))
    assert names(schedule(AUTO, table).before_search) == ["pair"]
    assert names(schedule(AUTO, table).after_search) == ["branch_and_bound"]
    assert names(schedule(AUTO, table, LOSSES["logistic"]).after_search) == ["pair"]


def test_data_too_large_for_a_bound_do_not_suit_it() -> None:
    suits = {bound.name: bound.suits for bound in BOUNDS}
    large = Dataset(np.ones((1501, 1)), np.ones(1501))
    assert not suits["enumeration"](MANY)
    assert not suits["branch_and_bound"](large)
    assert not suits["semidefinite"](large)
    assert suits["spectral"](large)


def test_what_certify_says_of_a_certificate_names_every_bound_with_its_meaning() -> None:
    for bound in BOUNDS:
        assert f"{bound.name}: {bound.meaning}" in meanings()


def test_a_toy_bound_takes_part_as_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    program = random_program(relu_program, 5, 2, seed=1, fraction=0.1)

    def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
        # as if it had proven that no network is better than the best one known
        bracket.accept(bracket.search.nu, bracket.search.value, "toy")
        yield

    toy = Bound("toy", "nothing", "a test", lambda data: True, improve)
    monkeypatch.setattr(
        solver_module, "schedule", lambda name, data, loss: Schedule((), (), (toy,))
    )
    found = GlobalSolver(1e-9).solve(program.data, program.beta)
    assert found.bound == "toy"
    assert found.status is Status.SOLVED


@pytest.mark.parametrize("certificate", ["auto", "enumeration", "spectral", "branch_and_bound"])
def test_one_deadline_reaches_every_solve_and_bound(
    monkeypatch: pytest.MonkeyPatch, certificate: str
) -> None:
    program = random_program(relu_program, 6, 2, seed=3, fraction=0.05)
    solves: list[Deadline] = []
    bounds: list[Deadline] = []
    original = NetworkSearch.solve

    def recorded(  # type: ignore[no-untyped-def]
        self: NetworkSearch,
        program: Program,
        deadline: Deadline = NEVER,
        start: Blocks | None = None,
        accuracy: float = GAIN,
    ):
        solves.append(deadline)
        return original(self, program, deadline, start, accuracy)

    def watched(bound: Bound) -> Bound:
        def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
            bounds.append(deadline)
            yield from bound.improve(bracket, deadline)

        return replace(bound, improve=improve)

    def all_watched(name: str, data: Dataset, loss: Loss) -> Schedule:
        chosen = schedule(name, data, loss)
        order = (chosen.first, chosen.before_search, chosen.after_search)
        return Schedule(*(tuple(map(watched, bounds)) for bounds in order))

    monkeypatch.setattr(NetworkSearch, "solve", recorded)
    monkeypatch.setattr(solver_module, "schedule", all_watched)
    GlobalSolver(1e-9, max_seconds=0.5, certificate=certificate, n_gates=3).solve(
        program.data, program.beta
    )
    (end,) = {deadline.end for deadline in bounds}
    assert solves
    assert max(deadline.end for deadline in solves) <= end < np.inf
