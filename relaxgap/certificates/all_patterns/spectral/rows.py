"""The rows of the data in the units and the coordinates of the relaxation."""

import numpy as np
from jaxtyping import Float64, Int, Int32


def binary_rows(
    X: Float64[np.ndarray, "n d"],
) -> tuple[Int[np.ndarray, " m"], Float64[np.ndarray, "m d"], Int32[np.ndarray, " m"]]:
    """Scale the nonzero rows by powers of two, which is exact, to largest entries in [1/2, 1).

    Returns the indices of the rows, the rows and the exponents of what they were divided by.
    """
    kept = np.flatnonzero(np.any(X != 0.0, axis=1))
    powers = np.frexp(np.abs(X[kept]).max(axis=1, initial=0.0))[1]
    with np.errstate(under="ignore"):
        return kept, np.ldexp(X[kept], -powers[:, None]), powers


def reduced_rows(
    rows: Float64[np.ndarray, "n d"],
) -> tuple[Float64[np.ndarray, "n k"], Float64[np.ndarray, "d k"]]:
    """Return the rows in an orthonormal basis of at most ``n`` vectors, to rounding, and it."""
    if rows.shape[1] <= rows.shape[0]:
        return rows, np.eye(rows.shape[1])
    basis, triangle = np.linalg.qr(rows.T)
    return np.ascontiguousarray(triangle.T), basis


def starting_weight(rows: Float64[np.ndarray, "n k"]) -> float:
    """Return a common weight that leaves every eigenvalue of the matrix at least a half."""
    # all eigenvalues: LAPACK fails to find one alone where nearly all are the same
    return 0.5 / float(np.linalg.eigvalsh(rows.T @ rows)[-1])
