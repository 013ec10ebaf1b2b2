"""Small integer data with a continuum of optimal networks, in fractions.

Rows at 120 degrees have as many tight directions as they have sums of one length, so that one
neuron between two of them does what both do at the same price.
"""

from dataclasses import dataclass
from fractions import Fraction

FIRST, SECOND, THIRD = (1, 1, 1, 1), (-1, -1, -1, 1), (0, 0, 0, -2)
"""Of length 2, in one plane, at 120 degrees: their sum is zero."""


@dataclass(frozen=True, slots=True)
class Continuum:
    """Hold data, the optimal dual point, and what the set of optimal networks is."""

    X: tuple[tuple[int, ...], ...]
    y: tuple[int, ...]
    beta: float
    nu: tuple[Fraction, ...]
    dimension: int
    smallest_width: int
    largest_width: int
    n_vertices: int


def _of(
    X: tuple[tuple[int, ...], ...],
    y: tuple[int, ...],
    nu: tuple[int, ...],
    dimension: int,
    widths: tuple[int, int],
    n_vertices: int,
) -> Continuum:
    fractions = tuple(map(Fraction, nu))
    return Continuum(X, y, 2.0, fractions, dimension, *widths, n_vertices)


ZERO = (0, 0, 0, 0)
CONTINUA = {
    "two_or_the_one_between": _of((FIRST, SECOND), (3, 3), (1, 1), 1, (1, 2), 2),
    "never_alone": _of((FIRST, SECOND), (4, 3), (1, 1), 1, (2, 2), 2),
    "three_at_120_degrees": _of((FIRST, SECOND, THIRD), (3, 3, 3), (1, 1, 1), 3, (2, 3), 5),
    "three_of_different_labels": _of((FIRST, SECOND, THIRD), (2, 3, 4), (1, 1, 1), 3, (2, 3), 6),
    "a_repeated_row": _of((FIRST, SECOND, FIRST), (2, 3, 1), (1, 1, 0), 1, (2, 2), 2),
    "a_zero_row": _of((FIRST, SECOND, ZERO), (3, 3, 5), (1, 1, 5), 1, (1, 2), 2),
    "a_zero_label": _of((FIRST, SECOND, THIRD), (3, 3, 0), (1, 1, 0), 1, (1, 2), 2),
}
