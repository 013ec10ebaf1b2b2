"""A positive definite system, up to a ridge that rounding may ask for."""

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

MIN_RIDGE = 1e-14
MAX_RIDGE = 1e-6


class ScaledFactor:
    """Factorise a symmetric matrix, scaled to a diagonal of ones; it is overwritten.

    Raises
    ------
    numpy.linalg.LinAlgError
        If no small ridge makes it positive definite.
    """

    def __init__(self, matrix: Float64[np.ndarray, "N N"]) -> None:
        diagonal = np.diag_indices_from(matrix)
        self._scale = 1.0 / np.sqrt(np.maximum(matrix[diagonal], np.finfo(np.float64).tiny))
        matrix *= self._scale
        matrix *= self._scale[:, None]
        ridge = 0.0
        while True:
            # LAPACK overwrites the upper triangle of the array; the lower one keeps the matrix
            self._factor, failed = lapack.dpotrf(matrix.T, lower=1, overwrite_a=1, clean=0)
            if not failed:
                return
            ridge = max(MIN_RIDGE, 10.0 * ridge)
            if not ridge <= MAX_RIDGE:
                raise np.linalg.LinAlgError("the Newton system is not positive definite")
            upper = np.triu_indices_from(matrix, 1)
            matrix[upper] = matrix.T[upper]
            matrix[diagonal] = 1.0 + ridge

    def solve(self, right: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
        """Return what the matrix takes to ``right``."""
        solved, _ = lapack.dpotrs(self._factor, self._scale * right, lower=1)
        return np.asarray(self._scale * solved)
