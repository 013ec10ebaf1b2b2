"""How many patterns a data set can have: Cover's count."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.patterns.hyperplanes import Hyperplanes, distinct_hyperplanes

MAX_DIGITS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class PatternCount:
    """Hold the size of an arrangement and the number of patterns it can have.

    Parameters
    ----------
    rank : int
        Rank of the data matrix.
    n_hyperplanes : int
        Number of distinct hyperplanes: zero rows removed, parallel rows merged.
    cover_count : int
        Cover's count for these two numbers: no data have more patterns, and data in general
        position (every ``rank`` rows independent) have as many.
    """

    rank: int
    n_hyperplanes: int
    cover_count: int


def cover_count(n: int, rank: int) -> int:
    r"""Return the number of patterns of ``n`` points in general position in ``rank`` dimensions.

    Exactly :math:`2 \sum_{k < r} \binom{n-1}{k}`, which is :math:`2^n` for :math:`r \ge n`; one
    pattern if ``n`` or ``rank`` is zero.

    Parameters
    ----------
    n : int
        Number of nonzero points.
    rank : int
        Dimension they span.

    Raises
    ------
    ValueError
        If an argument is negative.

    References
    ----------
    Cover (1965), Theorem 1, IEEE Trans. Electronic Computers EC-14.
    """
    if n < 0 or rank < 0:
        raise ValueError(
            f"Expected a number of points and a rank of at least 0, got n={n} and rank={rank}; "
            "pass the shape and the rank of a matrix."
        )
    if n == 0 or rank == 0:
        return 1
    if rank >= n:
        return 1 << n
    total = term = 1
    for k in range(1, rank):
        term = term * (n - k) // k
        total += term
    return 2 * total


def count_of(hyperplanes: Hyperplanes) -> PatternCount:
    """Return Cover's count for hyperplanes already reduced."""
    n, rank = hyperplanes.n_hyperplanes, hyperplanes.rank
    return PatternCount(rank, n, cover_count(n, rank))


def predicted_count(X: Float64[np.ndarray, "n d"]) -> PatternCount:
    """Return the number of patterns ``X`` can have, without enumerating them.

    Uses the same reduction, hence the same tolerance, as the enumeration.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix, one point per row; any data.

    Returns
    -------
    PatternCount
        ``cover_count`` is exact for points in general position; other data have fewer.
    """
    return count_of(distinct_hyperplanes(X))


def written_count(count: int) -> int | None:
    """Return a count, or None if it has more digits than Python writes."""
    return count if count < 10**MAX_DIGITS else None


def format_count(count: int) -> str:
    """Write a count in full, or as a power of ten where the digits would fill a line."""
    return f"{count:,}" if count < 10**18 else f"about 10^{math.floor(math.log10(count))}"
