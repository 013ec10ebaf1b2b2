"""A first bracket at once."""

from collections.abc import Iterator

import numpy as np

from relaxgap.global_optimum.bounds.bound import Bound, any_size
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline
from relaxgap.numerics.rows import row_lengths

NAME = "closed_form"


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    r"""Bound every price by :math:`\min(\|X\|_2 \|\nu\|, \sum_i |\nu_i| \|x_i\|)`.

    References
    ----------
    Kim & Pilanci (2024), Proposition 4.
    """
    X = bracket.search.data.X
    lengths, norm = row_lengths(X), float(np.linalg.norm(X, 2))
    for nu in (bracket.search.data.y, bracket.search.nu):
        price = min(norm * float(np.linalg.norm(nu)), float(np.abs(nu) @ lengths))
        bracket.offer(nu, price * (1.0 + 1e-10), NAME)
    yield


CLOSED_FORM = Bound(
    NAME,
    meaning="norms of the data (Proposition 4)",
    meant_for="a first bracket at once",
    suits=any_size,
    improve=improve,
)
