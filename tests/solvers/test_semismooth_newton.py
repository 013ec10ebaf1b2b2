import math
import time
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from certificates.rational import certificate_holds
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import (
    PROGRAM_TYPES,
    Program,
    ProgramType,
    degenerate_program,
    overlap,
    random_program,
)

from relaxgap.certificates import certify
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import gated_program, relu_program
from relaxgap.solvers import ConicSolver, SemismoothNewton, Status
from relaxgap.solvers.newton import choice
from relaxgap.solvers.newton.augmented_lagrangian import AugmentedLagrangian

SEEDS = st.integers(0, 2**30)


def no_patterns(program: Program) -> Program:
    return replace(program, patterns=program.patterns.subset(np.zeros(0, dtype=np.intp)))


@settings(max_examples=25)
@given(SEEDS, st.integers(1, 9), st.integers(1, 6), st.floats(-4.0, 0.2), st.booleans())
def test_the_bracket_overlaps_that_of_an_interior_point_method(
    seed: int, n: int, d: int, exponent: float, cones: bool
) -> None:
    kind = PROGRAM_TYPES[0] if cones else PROGRAM_TYPES[1]
    program = random_program(kind, n, d, seed, fraction=10.0**exponent)
    ours = SemismoothNewton(1e-7).solve(program)
    assert ours.status is Status.SOLVED
    assert overlap(ours.certificate, ConicSolver(rtol=1e-8).solve(program).certificate)


@pytest.mark.reference
@settings(max_examples=30)
@given(SEEDS, st.booleans())
def test_the_bracket_overlaps_that_of_ecos_on_degenerate_data(seed: int, cones: bool) -> None:
    program = degenerate_program(PROGRAM_TYPES[0] if cones else PROGRAM_TYPES[1], seed)
    ours = SemismoothNewton(1e-7).solve(program).certificate
    assert overlap(ours, ConicSolver("ecos", 1e-8).solve(program).certificate)
    assert ours.duality_gap >= 0.0


@settings(max_examples=20)
@given(SEEDS, st.booleans())
def test_the_certificate_holds_in_exact_arithmetic(seed: int, cones: bool) -> None:
    program = degenerate_program(PROGRAM_TYPES[0] if cones else PROGRAM_TYPES[1], seed, 4, 2)
    assert certificate_holds(program, SemismoothNewton(1e-6).solve(program).certificate)


@pytest.mark.parametrize("fraction", [0.9, 0.1, 1e-2, 1e-4])
@pytest.mark.parametrize("labels", ["noise", "signs", "planted"])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_relative_gap_of_1e_8_is_reached_at_any_regularisation(
    kind: ProgramType, labels: str, fraction: float
) -> None:
    program = random_program(kind, 8, 4, seed=1, fraction=fraction, labels=labels)
    solution = SemismoothNewton(1e-8).solve(program)
    assert solution.status is Status.SOLVED
    assert solution.certificate.relative_gap <= 1e-8


@pytest.mark.parametrize(("n", "d"), [(6, 14), (30, 2), (20, 10)])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_wide_tall_and_repeated_data_are_solved(kind: ProgramType, n: int, d: int) -> None:
    base = random_program(kind, n, d, seed=2, fraction=0.05, n_gates=25)
    data = Dataset(np.repeat(base.data.X, 2, axis=0), np.repeat(base.data.y, 2))
    patterns = pattern_set_from_gates(data.X, base.patterns.gates)
    for program in (base, replace(base, data=data, patterns=patterns)):
        assert SemismoothNewton(1e-7).solve(program).status is Status.SOLVED


@pytest.mark.parametrize("exponent", [-40, 3, 40])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_values_scale_exactly_with_labels_and_regularisation(
    kind: ProgramType, exponent: int
) -> None:
    program = random_program(kind, 8, 3, seed=4, fraction=0.05)
    unit = 2.0**exponent
    scaled = replace(
        program, data=Dataset(program.data.X, unit * program.data.y), beta=unit * program.beta
    )
    one, other = (SemismoothNewton(1e-7).solve(p).certificate for p in (program, scaled))
    assert other.primal_value == unit**2 * one.primal_value
    assert other.dual_value == unit**2 * one.dual_value


@pytest.mark.parametrize(
    ("kind", "n", "d", "seed", "fraction"),
    [
        (gated_program, 9, 3, 304730505, 1.6e-5),
        (relu_program, 4, 2, 950942177, 1e-4),
        (relu_program, 6, 2, 136326302, 1.8e-5),
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
    assert overlap(ours, reference)
    assert ours.relative_gap <= max(1e-6, 2.0 * reference.relative_gap)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_without_patterns_zero_is_the_answer(kind: ProgramType) -> None:
    program = no_patterns(random_program(kind, 6, 3, seed=0))
    solution = SemismoothNewton().solve(program)
    half = 0.5 * float(program.data.y @ program.data.y)
    assert solution.status is Status.SOLVED
    assert solution.n_iterations == 0
    assert solution.certificate.primal_value == pytest.approx(half, rel=1e-12)
    assert solution.certificate.dual_value == pytest.approx(half, rel=1e-6)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_an_exhausted_budget_returns_the_best_bracket_and_says_so(kind: ProgramType) -> None:
    program = random_program(kind, 40, 20, seed=1, fraction=1e-3, n_gates=60, labels="planted")
    hasty = SemismoothNewton(1e-8, max_rounds=1).solve(program)
    exact = SemismoothNewton(1e-8).solve(program)
    assert hasty.status is Status.ROUND_LIMIT
    assert exact.status is Status.SOLVED
    assert overlap(hasty.certificate, exact.certificate)


@pytest.mark.parametrize("step", [None, "wild"])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_broken_newton_step_ends_in_a_status_and_a_valid_bracket(
    kind: ProgramType, step: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = random_program(kind, 5, 2, seed=1, fraction=0.1)
    exact = ConicSolver(rtol=1e-8).solve(program).certificate
    monkeypatch.setattr(
        AugmentedLagrangian,
        "_newton_step",
        lambda self, active, slope: None if step is None else 1e8 * slope,
    )
    broken = SemismoothNewton(1e-6).solve(program)
    assert broken.status in (Status.INACCURATE, Status.ROUND_LIMIT)
    assert np.isfinite(broken.certificate.primal_value)
    assert overlap(broken.certificate, exact)


def test_too_many_cones_for_their_multipliers_are_left_to_column_generation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = random_program(relu_program, 8, 4, seed=3, fraction=0.05)
    direct = SemismoothNewton(1e-7).solve(program)
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", 100)
    solver = SemismoothNewton(1e-7)
    columns = solver.solve(program)
    assert solver.method(program) == "column_generation"
    assert columns.status is direct.status is Status.SOLVED
    assert overlap(columns.certificate, direct.certificate)


def test_above_the_limit_of_cones_a_start_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = random_program(relu_program, 8, 4, seed=3, fraction=0.05)
    solver = SemismoothNewton(1e-7)
    start = SemismoothNewton(1e-9).solve(program)
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", 100)
    assert solver.solve(program, start).n_iterations == 0
    nearby = replace(program, beta=0.9 * program.beta)
    warm, cold = solver.solve(nearby, start), solver.solve(nearby)
    assert warm.status is Status.SOLVED
    assert warm.n_iterations <= cold.n_iterations
    assert overlap(warm.certificate, cold.certificate)


@pytest.mark.parametrize("most", [100, choice.MAX_BITS_WITH_MULTIPLIERS])
def test_a_deadline_that_has_passed_leaves_a_bracket_that_holds(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = random_program(relu_program, 8, 4, seed=3, fraction=0.05)
    optimum = SemismoothNewton(1e-7).solve(program).certificate
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", most)
    late = SemismoothNewton(1e-7).solve(program, deadline=Deadline(-np.inf))
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, optimum)


@pytest.mark.parametrize("most", [100, choice.MAX_BITS_WITH_MULTIPLIERS])
@pytest.mark.parametrize("fraction", [0.05, 1e-6])
def test_a_deadline_leaves_no_point_worse_than_the_start(
    most: int, fraction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = random_program(relu_program, 8, 4, seed=3, fraction=fraction)
    start = SemismoothNewton(1e-7).solve(replace(program, beta=1.1 * program.beta))
    monkeypatch.setattr(choice, "MAX_BITS_WITH_MULTIPLIERS", most)
    clock, n_late = time.monotonic(), 0
    for ticks in (-math.inf, 0, 1, 2, 5, 10, 20, 40):
        # every look at the clock takes a second
        looks = count(clock)
        monkeypatch.setattr(time, "monotonic", lambda looks=looks: next(looks))
        late = SemismoothNewton(1e-15).solve(program, start, deadline=Deadline(clock + ticks))
        monkeypatch.setattr(time, "monotonic", lambda: clock)
        if late.status is not Status.TIME_LIMIT:
            break
        n_late += 1
        assert late.certificate.primal_value <= certify(program, start.point).primal_value
        assert late.certificate.dual_value <= late.certificate.primal_value
        assert certify(program, late.point).primal_value == late.certificate.primal_value
    assert n_late > 2


def test_every_status_is_a_sentence() -> None:
    sentences = {status.sentence for status in Status}
    assert len(sentences) == len(Status)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="rtol"):
        SemismoothNewton(1.0)
    with pytest.raises(ConfigurationError, match="max_rounds"):
        SemismoothNewton(max_rounds=0)
