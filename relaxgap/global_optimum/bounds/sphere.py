"""Prices over the sphere of directions, cut into cones: data of few dimensions."""

from collections.abc import Iterator

from relaxgap.certificates.all_patterns.sphere import MAX_RANK, SpherePrice
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline, in_force
from relaxgap.patterns import predicted_count

NAME = "sphere"
MAX_POINTS = 100
SHARE = 0.25
"""Fraction of the accuracy that a price above beta may take."""


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Bound the price of the search's dual point; directions that price higher go back to it.

    A dual point whose price is seen to be too high is left as soon as the search has a better one.
    """
    search = bracket.search
    rank = predicted_count(search.data.X).rank
    wanted = search.beta * (1.0 + SHARE * bracket.rtol)
    for _ in range(MAX_POINTS if rank <= MAX_RANK else 0):
        nu = search.nu
        price = SpherePrice(search.data.X, nu, rank)
        levels = price.levels(wanted)
        while price.attained <= wanted or not search.improve(deadline, price.directions):
            bracket.offer(nu, price.price_bound, NAME)
            yield
            with in_force(deadline):
                if next(levels, price) is price:
                    return
        yield


def suits(data: Dataset) -> bool:
    """Whether the rows span few enough dimensions."""
    return predicted_count(data.X).rank <= MAX_RANK


SPHERE = Bound(
    NAME,
    meaning="a branch and bound over cones that cover the sphere of directions",
    meant_for="rows of rank at most 5, any number of them",
    suits=suits,
    improve=improve,
)
