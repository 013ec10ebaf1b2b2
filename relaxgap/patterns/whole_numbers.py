r"""Rows of small whole numbers, for which a distance of zero up to rounding is zero.

The distance of a row from the span of others is a ratio of volumes, whose squares are Gram
determinants. With integer rows these are integers: a distance that is not 0 is at least 1 over the
product of the norms of the rows, which for small integers is far more than rounding.
"""

import numpy as np
from jaxtyping import Float64

MAX_BITS = 20
MAX_VOLUME = 1e6
MAX_VOLUME_OF_UNIT_ROWS = 1e12


def dependencies_are_exact(X: Float64[np.ndarray, "n d"]) -> bool:
    """Whether rows are, up to powers of two, integers so small that rounding hides no distance."""
    rows = X[np.any(X != 0.0, axis=1)]
    if rows.shape[0] == 0:
        return True
    exponents = np.frexp(np.abs(rows).max(axis=1, keepdims=True))[1]
    scaled = np.ldexp(rows, MAX_BITS - exponents)
    whole = np.rint(scaled)
    if not np.array_equal(whole, scaled):
        return False
    integers = whole.astype(np.int64)
    integers //= np.gcd.reduce(integers, axis=1, keepdims=True)
    norms = np.sort(np.linalg.norm(integers.astype(np.float64), axis=1))[::-1]
    volume = float(np.prod(norms[: X.shape[1]]))
    return volume <= MAX_VOLUME and (
        # the least singular value of independent unit rows, by that of their volume
        volume * float(rows.shape[0]) ** (0.5 * X.shape[1]) <= MAX_VOLUME_OF_UNIT_ROWS
    )
