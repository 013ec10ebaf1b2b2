"""A price for every pattern there is."""

from collections.abc import Iterator

from relaxgap.certificates.prices.pricing import block_prices, violating_patterns
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.global_optimum.search import MAX_ADDED
from relaxgap.numerics.clock import Deadline, in_force
from relaxgap.numerics.limits import (
    MAX_BITS_SOLVED_AT_ONCE,
    MAX_BITS_SOLVED_FIRST,
    MAX_PRICED_PATTERNS,
)
from relaxgap.patterns import enumerate_patterns, predicted_count
from relaxgap.problems import relu_program

NAME = "enumeration"
MAX_PRICINGS = 50


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Price every pattern at the search's dual point; violators go back to the search.

    A pattern set that may have missed a cell proves nothing and is not used.

    Raises
    ------
    EnumerationLimitError
        If there may be too many patterns.
    """
    search = bracket.search
    with in_force(deadline):
        patterns = enumerate_patterns(search.data.X, limit=MAX_PRICED_PATTERNS)
    program = relu_program(search.data, patterns, search.beta, loss=search.loss)
    n_bits = patterns.n_patterns * search.data.n
    solved_first = patterns.complete and n_bits <= MAX_BITS_SOLVED_FIRST
    if solved_first:
        certificate = search.solve(program, deadline)
        bracket.accept(certificate.nu, certificate.dual_value, NAME)
        yield
    threshold = search.beta * (1.0 + 0.25 * bracket.rtol)
    for _ in range(MAX_PRICINGS if patterns.complete else 0):
        with in_force(deadline):
            prices = block_prices(program, search.nu, threshold)
        bracket.offer(search.nu, prices.largest, NAME)
        yield
        rows = violating_patterns(program, search.nu, prices, MAX_ADDED)
        if rows.size == 0:
            break
        search.add(patterns.gates[rows], deadline)
    small = n_bits <= MAX_BITS_SOLVED_AT_ONCE and not solved_first
    if patterns.complete and small and not bracket.is_closed:
        # badly scaled data: the whole program has dual points that the small ones do not
        certificate = search.solve(program, deadline)
        bracket.accept(certificate.nu, certificate.dual_value, NAME)
        yield


def suits(data: Dataset) -> bool:
    """Whether all patterns are few enough to price."""
    return predicted_count(data.X).cover_count <= MAX_PRICED_PATTERNS


def is_quick(data: Dataset) -> bool:
    """Whether the program over all patterns is solved before a search for networks would be."""
    return predicted_count(data.X).cover_count * data.n <= MAX_BITS_SOLVED_FIRST


ENUMERATION = Bound(
    NAME,
    meaning="a price for every pattern of the arrangement",
    meant_for="up to 2·10⁶ patterns: n ≤ 22 at n = 2 d, n = 1000 at d = 3",
    suits=suits,
    improve=improve,
)
