"""Bounds from the lifted relaxation of the squared loss: over all neurons, or region by region."""

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, Units
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline
from relaxgap.numerics.limits import MAX_LIFTED_SAMPLES

STEPS_PER_BOUND, STEPS_AT_ONCE, SECONDS_PER_BOUND = 50, 10, 2.0


def suits(data: Dataset) -> bool:
    """Whether the matrices of the relaxation are small enough."""
    return int(data.X.any(axis=1).sum()) <= MAX_LIFTED_SAMPLES


def relaxation_of(bracket: Bracket) -> LiftedRelaxation | None:
    """Return the relaxation at its start; None if it is too large or there is nothing to relax."""
    data, beta = bracket.search.data, bracket.search.beta
    units = Units.of(data, beta) if suits(data) else None
    return None if units is None else LiftedRelaxation(data, units)


def advance(
    relaxation: LiftedRelaxation, bracket: Bracket, bound: str, deadline: Deadline
) -> float:
    """Take steps for a while, prove a bound, and return it."""
    soon = deadline.capped(SECONDS_PER_BOUND)
    for _ in range(0, STEPS_PER_BOUND, STEPS_AT_ONCE):
        relaxation.advance(STEPS_AT_ONCE)
        if soon.has_passed:
            break
    nu, price_bound = relaxation.price_bound()
    bracket.n_regions = len(relaxation.regions)
    return bracket.offer(nu, price_bound, bound)
