"""The bound of the paper's own relaxation."""

from collections.abc import Iterator

import numpy as np

from relaxgap.certificates.all_patterns.spectral import spectral_price
from relaxgap.global_optimum.bounds.bound import Bound, any_size
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline

NAME = "maxcut"


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    r"""Bound the price without cones, :math:`\max_i \|X^\top D_i \nu\|`, by the MAX-CUT relaxation.

    References
    ----------
    Kim & Pilanci (2024), Section 3.4.
    """
    data = bracket.search.data
    for nu in (data.y, bracket.search.nu):
        towards = np.where(nu < 0.0, -1.0, 1.0)[:, None] * data.X
        price = spectral_price(towards, np.abs(nu), deadline=deadline)
        bracket.offer(nu, price.price_bound, NAME)
        yield


MAXCUT = Bound(
    NAME,
    meaning="the eigenvalues of the MAX-CUT relaxation, cones dropped (Section 3.4)",
    meant_for="comparison with the paper",
    suits=any_size,
    improve=improve,
)
