"""Moments of neurons, and of combinations of rows: tables of moderately many columns."""

from collections.abc import Iterator

from relaxgap.certificates.all_patterns.pair import pair_lower_bounds
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import predicted_count

NAME = "pair"
MAX_RANK = 40
MIN_ROWS, ROWS_PER_RANK = 150, 12
"""Of fewer rows the lifted relaxation closes more of the gap: measured on Gaussian data."""


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Offer the best dual points that more and more combinations of rows prove feasible."""
    search = bracket.search
    if predicted_count(search.data.X).rank > MAX_RANK:
        return
    for found in pair_lower_bounds(
        search.data, search.beta, search.value, search.nu, search.loss, deadline
    ):
        bracket.offer(found.nu, found.price_bound, NAME)
        yield


def suits(data: Dataset) -> bool:
    """Whether rows span moderately many dimensions."""
    return predicted_count(data.X).rank <= MAX_RANK


def has_many_rows(data: Dataset) -> bool:
    """Whether rows are too many for the lifted relaxation of the squared loss to do better."""
    return data.n >= max(MIN_ROWS, ROWS_PER_RANK * predicted_count(data.X).rank)


PAIR = Bound(
    NAME,
    meaning="moments of neurons and of combinations of rows, as interior point solves in the dual "
    "point and its multipliers",
    meant_for="tables: rows of rank at most 40, and weak regularisation",
    suits=suits,
    improve=improve,
)
