r"""Columns that are exact combinations of others: they have no part in the arrangement.

With :math:`X = X_B T` the products :math:`X u` are those of the columns of ``B``: repeated columns,
columns of zeros, indicators that add up to a column of ones. Floats are fractions, in which this is
decided.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Float64, Int

MAX_ENTRIES = 2000
"""Of data beyond which fractions take too long."""


def independent_columns(X: Float64[np.ndarray, "n d"]) -> Int[np.ndarray, " r"] | None:
    """Return columns that are independent and of which all others are exact combinations.

    Returns
    -------
    (r,) int or None
        In increasing order; None of data too large to decide.
    """
    if X.size > MAX_ENTRIES or not np.all(np.isfinite(X)):
        return None
    reduced: list[tuple[int, list[Fraction]]] = []
    chosen = []
    for index, column in enumerate(X.T.tolist()):
        left = list(map(Fraction, column))
        for pivot, other in reduced:
            if left[pivot]:
                factor = left[pivot] / other[pivot]
                left = [a - factor * b for a, b in zip(left, other, strict=True)]
        first = next((i for i, entry in enumerate(left) if entry), None)
        if first is not None:
            reduced.append((first, left))
            chosen.append(index)
    return np.array(chosen, dtype=np.intp)
