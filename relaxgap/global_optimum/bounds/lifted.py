"""Bounds from the lifted relaxation of the squared loss: over all neurons, or region by region."""

from collections.abc import Iterator
from contextlib import contextmanager

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, RegionProcesses, Units
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline, in_force
from relaxgap.numerics.limits import MAX_LIFTED_SAMPLES

STEPS_PER_BOUND, SECONDS_PER_BOUND, GRACE_SECONDS = 50, 2.0, 1.0


def suits(data: Dataset) -> bool:
    """Whether the matrices of the relaxation are small enough."""
    return int(data.X.any(axis=1).sum()) <= MAX_LIFTED_SAMPLES


@contextmanager
def relaxation_of(bracket: Bracket) -> Iterator[LiftedRelaxation | None]:
    """Yield the relaxation at its start; None if it is too large or there is nothing to relax.

    Its processes end with the block.
    """
    data, beta = bracket.search.data, bracket.search.beta
    units = Units.of(data, beta) if suits(data) else None
    with RegionProcesses(bracket.workers) as processes:
        yield None if units is None else LiftedRelaxation(data, units, processes)


def advance(
    relaxation: LiftedRelaxation, bracket: Bracket, bound: str, deadline: Deadline
) -> float:
    """Take steps for a while, prove a bound, and return it."""
    soon = deadline.capped(SECONDS_PER_BOUND)
    # a step of a thousand samples is long; that of fewer is worth its end, and the bound from it
    with in_force(Deadline(deadline.end + GRACE_SECONDS)):
        for _ in range(STEPS_PER_BOUND):
            relaxation.advance(1)
            if soon.has_passed:
                break
        nu, price_bound = relaxation.price_bound()
    bracket.n_lost_workers = relaxation.processes.n_lost
    bracket.n_regions = len(relaxation.regions)
    return bracket.offer(nu, price_bound, bound)
