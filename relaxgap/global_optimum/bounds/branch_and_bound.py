"""The lifted relaxation region by region, until the gap is closed."""

from collections.abc import Iterator

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bounds.lifted import advance, relaxation_of, suits
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline

NAME = "branch_and_bound"
MAX_BOUNDS_PER_SPLIT = 8
MAX_IDLE_SPLITS = 25
SETTLED, UNSETTLED = 2.0, 4.0
"""How far the proven bound may be behind the relaxation, against what the relaxation is behind the
network: below the first a split is worth more than convergence, above the second it never is."""


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Decide activations one at a time, where the relaxation leans on both sides of one.

    All regions share one relaxation, so a split anywhere moves the dual point for all of them.
    """
    with relaxation_of(bracket) as relaxation:
        yield from _bounds(relaxation, bracket, deadline)


def _bounds(
    relaxation: LiftedRelaxation | None, bracket: Bracket, deadline: Deadline
) -> Iterator[None]:
    n_bounds = idle = 0
    while relaxation is not None and idle < MAX_BOUNDS_PER_SPLIT * MAX_IDLE_SPLITS:
        before = bracket.certificate.duality_gap
        lower = advance(relaxation, bracket, NAME, deadline)
        n_bounds += 1
        yield
        value = relaxation.value
        behind, left = value - lower, bracket.search.value - value
        is_due = n_bounds >= MAX_BOUNDS_PER_SPLIT and behind < UNSETTLED * left
        if behind < SETTLED * left or is_due:
            while bracket.search.improve(deadline, relaxation.directions()):
                yield
            relaxation.split()
            n_bounds = 0
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
