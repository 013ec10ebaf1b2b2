"""Lengths and directions of the rows of a matrix, of any magnitude."""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.errors import DataError

ROWS_AT_ONCE = 16384


def row_lengths(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
    """Return the Euclidean norm of every row, without squares that under- or overflow."""
    lengths = np.empty(X.shape[0])
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        peaks = np.abs(X[rows]).max(axis=1, initial=0.0)
        units = np.where(peaks > 0.0, peaks, 1.0)
        lengths[rows] = peaks * np.linalg.norm(X[rows] / units[:, None], axis=1)
    return lengths


def spectral_norm(X: Float64[np.ndarray, "n d"]) -> float:
    """Return the largest singular value; of many rows to half the digits of small ones."""
    if X.shape[0] <= ROWS_AT_ONCE:
        return float(np.linalg.norm(X, 2))
    gram = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        rows = X[start : start + ROWS_AT_ONCE]
        gram += rows.T @ rows
    return float(np.sqrt(np.linalg.eigvalsh(gram)[-1]))


def unit_rows(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "m d"]:
    """Return the nonzero rows scaled to unit norm, whatever their magnitude, without zero rows.

    What a hyperplane or a cone needs of a row: its direction, if it has one.
    """
    rows = X[np.any(X != 0.0, axis=1)]
    # dividing by the largest entry first keeps the squares from overflowing or underflowing
    rows = rows / np.max(np.abs(rows), axis=1, keepdims=True, initial=0.0)
    units: Float64[np.ndarray, "m d"] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def unit_directions(vectors: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, "k d"]:
    """Scale every row of moderate size to Euclidean norm one; one of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0.0))


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


def alike_rows(
    X: Float64[np.ndarray, "n d"],
) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Group rows of one direction that need no rounding to tell: equal ones, or of one column.

    Returns
    -------
    first : (k,) int
        The first row of each direction.
    place : (n,) int
        Which of them each row is alike.
    times : (n,) float64
        How much longer it is: 1 but for one column, where it is off by a rounding.
    """
    if X.shape[1] == 1:
        _, first, place = np.unique(np.sign(X[:, 0]), return_index=True, return_inverse=True)
        lengths = np.abs(X[:, 0])
        unit = lengths[first[place]]
        times = np.divide(lengths, unit, out=np.ones_like(lengths), where=unit > 0.0)
        return first, place, times
    _, first, place = np.unique(X, axis=0, return_index=True, return_inverse=True)
    return first, place.ravel(), np.ones(len(X))
