"""Lengths and directions of the rows of a matrix, of any magnitude."""

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import DataError


def row_lengths(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
    """Return the Euclidean norm of every row, without squares that under- or overflow."""
    peaks = np.abs(X).max(axis=1, initial=0.0)
    scaled = np.divide(X, peaks[:, None], out=np.zeros_like(X), where=peaks[:, None] > 0.0)
    return np.asarray(peaks * np.linalg.norm(scaled, axis=1))


def unit_rows(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "m d"]:
    """Return the nonzero rows scaled to unit norm, whatever their magnitude, without zero rows.

    What a hyperplane or a cone needs of a row: its direction, if it has one.
    """
    rows = X[np.any(X != 0.0, axis=1)]
    # dividing by the largest entry first keeps the squares from overflowing or underflowing
    rows = rows / np.max(np.abs(rows), axis=1, keepdims=True, initial=0.0)
    units: Float64[np.ndarray, "m d"] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def normalized_rows(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    """Scale every row to Euclidean norm one; none is left out.

    What makes data of drawn rows of moderate size: the norm is that of the row as it is, one
    rounding less than in `unit_rows`.

    Raises
    ------
    DataError
        If a row is zero: it has no direction.
    """
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    zero = np.flatnonzero(norms == 0.0)
    if zero.size:
        raise DataError(
            f"Expected non-zero rows to normalise, got {zero.size} zero rows, the first at index "
            f"{zero[0]}; remove them or set normalize_rows=false."
        )
    return np.asarray(X / norms, dtype=np.float64)
