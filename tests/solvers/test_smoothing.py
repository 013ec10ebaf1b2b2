"""A loss with kinks, solved by smoother ones: brackets are of the loss itself."""

from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, degenerate_program, overlap, random_program

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import Program
from relaxgap.problems.losses import HINGE, NewtonLoss
from relaxgap.solvers import SemismoothNewton, Status
from relaxgap.solvers.newton import smoothing

KINDS = pytest.mark.parametrize("kind", PROGRAM_TYPES)


def hinge_program(kind: ProgramType, base: Program, fraction: float) -> Program:
    y = np.random.default_rng(0).choice([-1.0, 1.0], base.data.n)
    data = Dataset(base.data.X, y)
    unit = beta_max(data, base.patterns, kind, HINGE)
    return replace(base, data=data, loss=HINGE, beta=fraction * unit if unit > 0.0 else 1.0)


@pytest.fixture
def nothing_is_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "MIN_SAMPLES", 0)


@KINDS
@pytest.mark.parametrize("fraction", [0.05, 0.9])
@pytest.mark.usefixtures("nothing_is_few")
def test_its_brackets_are_nested_and_end_at_the_gap_asked_for(
    kind: ProgramType, fraction: float
) -> None:
    program = hinge_program(kind, random_program(kind, 8, 2, 1, n_gates=4), fraction)
    assert SemismoothNewton().method(program) == "smoothing"
    rounds = list(SemismoothNewton(1e-6).rounds(program))
    brackets = [(found.certificate.dual_value, found.certificate.primal_value) for found in rounds]
    assert brackets == sorted(brackets, key=lambda ends: ends[0])
    assert brackets == sorted(brackets, key=lambda ends: -ends[1])
    assert rounds[-1].status is Status.SOLVED
    assert rounds[-1].certificate.relative_gap <= 1e-6
    again = list(SemismoothNewton(1e-4).solve_path(program, [2.0 * program.beta, program.beta]))
    assert overlap(again[-1].certificate, rounds[-1].certificate)


@pytest.mark.parametrize("seed", [7])
@KINDS
def test_where_it_gets_stuck_column_generation_goes_on(
    kind: ProgramType, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = hinge_program(kind, degenerate_program(kind, seed), 0.1)
    columns = SemismoothNewton(1e-6).solve(program)
    monkeypatch.setattr(smoothing, "MIN_SAMPLES", 0)
    monkeypatch.setattr(smoothing, "LEAST_WIDTH", 0.2)
    both = list(SemismoothNewton(1e-6).rounds(program))
    assert both[-1].status is columns.status is Status.SOLVED
    assert overlap(both[-1].certificate, columns.certificate)
    lower = [found.certificate.dual_value for found in both]
    assert lower == sorted(lower)


@pytest.mark.usefixtures("nothing_is_few")
def test_a_deadline_leaves_the_bracket_so_far() -> None:
    kind = PROGRAM_TYPES[1]
    program = hinge_program(kind, random_program(kind, 12, 3, 1, n_gates=8), 0.1)
    late = SemismoothNewton(1e-7).solve(program, deadline=Deadline(-np.inf))
    assert late.status is Status.TIME_LIMIT
    assert late.certificate.primal_value <= 12.0 * (1.0 + 1e-12)


@pytest.mark.parametrize("width", [1.0, 1e-3, 1e-9])
def test_a_smoothed_hinge_lies_above_the_hinge_by_at_most_its_width_a_sample(width: float) -> None:
    rng = np.random.default_rng(0)
    smooth = HINGE.smoothed(width)
    assert isinstance(smooth, NewtonLoss)
    for size in (1e-3, 1.0, 100.0):
        y = rng.choice([-1.0, 1.0], 6)
        fit = y + size * rng.standard_normal(6)
        value, above = HINGE.value(fit, y), smooth.value(fit, y)
        assert value * (1.0 - 1e-12) <= above <= value + 6.0 * width * np.log(2.0) + 1e-12 * value
        # Fenchel and Young: equality at the dual point of the fit
        nu = smooth.dual_point(fit, y)
        assert smooth.dual_value(nu, y) == pytest.approx(above + float(nu @ fit), abs=1e-9 * size)
        assert smooth.best_scale(nu, y, 0.5)[1] == smooth.dual_value(0.5 * nu, y)
