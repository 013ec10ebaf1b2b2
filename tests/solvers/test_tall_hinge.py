"""The hinge loss on tall data: smoothed losses by the ways for tall data, brackets of the hinge."""

from dataclasses import replace

import numpy as np
import pytest
from instances import overlap
from solvers.tall_instances import KINDS, gated, planted, relu, two_classes

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import Program
from relaxgap.problems.losses import HINGE, BoundedCurvature
from relaxgap.solvers import ConicSolver, SemismoothNewton, Status
from relaxgap.solvers.newton import choice
from relaxgap.solvers.newton.choice import tall_way

BOTH = pytest.mark.parametrize("make", [gated, relu])


def hinge(make: object, data: object, fraction: float, n_gates: int = 20) -> Program:
    program = make(two_classes(data), n_gates, fraction)  # type: ignore[operator]
    # beta_max of the hinge differs from that of the squared loss by a factor of about 1
    return replace(program, loss=HINGE)


def refuse_the_square_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "MAX_SQUARE", 0)


@BOTH
def test_the_smoothed_losses_go_to_the_ways_for_tall_data(make: object) -> None:
    program = hinge(make, planted(600, 3, 0), 0.1)
    assert SemismoothNewton().method(program) == "smoothing"
    smooth = HINGE.smoothed(0.1)
    assert isinstance(smooth, BoundedCurvature)
    assert smooth.largest_curvature == 2.5
    assert tall_way(replace(program, loss=smooth)) is not None


@BOTH
@pytest.mark.parametrize("fraction", [0.3, 0.03])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
@pytest.mark.reference
def test_it_agrees_with_a_conic_solver_without_a_square_system(
    make: object, kind: object, fraction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_the_square_system(monkeypatch)
    program = hinge(make, kind(520, 4, 0), fraction)  # type: ignore[operator]
    found = SemismoothNewton(1e-5).solve(program)
    assert found.status is Status.SOLVED
    assert found.certificate.relative_gap <= 1e-5
    conic = ConicSolver(rtol=1e-7).solve(program)
    assert overlap(found.certificate, conic.certificate)


def test_steps_in_single_precision_that_overflow_are_not_taken() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((600, 3)) + 1e4
    program = hinge(gated, Dataset(X, X[:, 0] + rng.standard_normal(600)), 0.03, 15)
    # a warning is an error here
    assert SemismoothNewton(1e-3).solve(program).status is Status.SOLVED


@BOTH
def test_a_deadline_leaves_a_bracket_that_holds(
    make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_the_square_system(monkeypatch)
    program = hinge(make, planted(520, 4, 1), 0.1)
    whole = SemismoothNewton(1e-4).solve(program)
    late = SemismoothNewton(1e-4).solve(program, deadline=Deadline(-np.inf))
    assert whole.status is Status.SOLVED
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, whole.certificate)
