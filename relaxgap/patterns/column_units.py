"""Units of columns in which no column of a data matrix is tiny beside the others.

A positive scaling of columns maps directions one to one: the patterns stay, and a gate of the
scaled data is one of the data with its entries divided by the units. Whether directions are nearly
parallel is a question of units, though: income in cents beside a share hides every other column.
"""

import numpy as np
from jaxtyping import Float64

STEP = 8
"""Exponents are multiples of this: columns of about the same size stay as they are."""
N_PASSES = 20


def column_units(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " d"]:
    """Return a power of two for each column; ``X`` over them has columns of about the same size.

    What is left of the magnitude of an entry once that of its row is taken out is averaged over
    each column, as exponents, so that rows of any size count alike. Columns of zeros keep 1, and
    all do where the scaling would not be exact.
    """
    exponents = np.frexp(X)[1].astype(np.float64)
    nonzero = X != 0.0
    used = nonzero.any(axis=0)
    columns = np.zeros(X.shape[1])
    for _ in range(N_PASSES if np.any(used) else 0):
        rows = _means(exponents - columns, nonzero, axis=1)
        columns = _means(exponents - rows[:, None], nonzero, axis=0)
        columns[used] -= np.median(columns[used])
    units = np.exp2(STEP * np.round(columns / STEP))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exact = np.array_equal(X / units * units, X)
    return units if exact else np.ones(X.shape[1])


def _means(
    values: Float64[np.ndarray, "n d"], where: np.ndarray, axis: int
) -> Float64[np.ndarray, " k"]:
    counts = np.maximum(where.sum(axis=axis), 1)
    return np.asarray(np.sum(values, axis=axis, where=where) / counts)
