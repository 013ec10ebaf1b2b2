"""The lifted relaxation over all neurons at once."""

from collections.abc import Iterator

from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bounds.lifted import advance, relaxation_of, suits
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline

NAME = "semidefinite"
MAX_IDLE_BOUNDS = 20


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Solve the lifted relaxation over all neurons at once, without deciding an activation."""
    idle = 0
    with relaxation_of(bracket) as relaxation:
        while relaxation is not None and idle < MAX_IDLE_BOUNDS:
            before = bracket.lower
            advance(relaxation, bracket, NAME, deadline)
            yield
            idle = idle + 1 if bracket.lower <= before * (1.0 + 0.01 * bracket.rtol) else 0


SEMIDEFINITE = Bound(
    NAME,
    meaning="the completely positive relaxation over all neurons at once: all products of (Xu)₊ "
    "and (−Xu)₊",
    meant_for="hundreds of samples; squared loss",
    suits=suits,
    improve=improve,
    squared_only=True,
)
