"""The lifted relaxation region by region, until the gap is closed."""

from collections.abc import Iterator
from math import inf

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bounds.lifted import advance, relaxation_of, suits
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline

NAME = "branch_and_bound"
MAX_IDLE_BOUNDS = 200
STALLED = 0.1
"""Fraction of the gap that a bound has to gain on the one before, or a split is worth more."""
STEPS_BEFORE_ANY, STEPS_BETWEEN = 200, 50
"""Steps before the first split, and from one to the next: bounds of fewer say little."""
UNSETTLED = 4.0
"""How far the proven bound may be behind the relaxation, against how far that is behind the
network, for a split to be worth anything."""


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Decide activations one at a time, where the relaxation leans on both sides of one.

    All regions share one relaxation, so a split anywhere moves the dual point for all of them.
    """
    with relaxation_of(bracket) as relaxation:
        yield from _bounds(relaxation, bracket, deadline)


def _bounds(
    relaxation: LiftedRelaxation | None, bracket: Bracket, deadline: Deadline
) -> Iterator[None]:
    idle, best, due = 0, -inf, STEPS_BEFORE_ANY
    while relaxation is not None and idle < MAX_IDLE_BOUNDS:
        before = bracket.certificate.duality_gap
        lower = advance(relaxation, bracket, NAME, deadline)
        yield
        value, upper = relaxation.value, bracket.search.value
        # its own best: it may have to pass that of another bound first
        has_stalled = lower - best < STALLED * (upper - lower)
        best = max(best, lower)
        if (
            has_stalled
            and relaxation.n_steps >= due
            and value - lower < UNSETTLED * (upper - value)
        ):
            bracket.search.improve(deadline, relaxation.directions())
            yield
            relaxation.split()
            due = relaxation.n_steps + STEPS_BETWEEN
        idle = idle + 1 if bracket.certificate.duality_gap > 0.999 * before else 0


BRANCH_AND_BOUND = Bound(
    NAME,
    meaning="the completely positive relaxation region by region of decided activations, all in "
    "one relaxation",
    meant_for="closing the gap; squared loss",
    suits=suits,
    improve=improve,
    squared_only=True,
)
