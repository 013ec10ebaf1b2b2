"""NumPy arrays, with LAPACK and BLAS called directly: the small matrices of faces are many."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import numpy as namespace
from jaxtyping import Float
from scipy.linalg.blas import dsyrk, dtrsm, ssyrk, strsm
from scipy.linalg.lapack import dpotrf, dpotrs, spotrf, spotrs


class NumpyArrays:
    """Compute on NumPy arrays (see `Arrays`).

    Parameters
    ----------
    dtype : str
        ``float64`` or ``float32``.
    """

    def __init__(self, dtype: str) -> None:
        self.xp: Any = namespace
        self.dtype = np.dtype(dtype)
        self.clip: Any = np.clip
        self.product: Any = np.dot
        self.roundoff_ratio = float(np.finfo(self.dtype).eps) / float(np.finfo(np.float64).eps)
        double = self.dtype == np.float64
        self._factorise, self._solve = (dpotrf, dpotrs) if double else (spotrf, spotrs)

    def asarray(self, host: np.ndarray) -> np.ndarray:
        """See `Arrays`."""
        return host.astype(self.dtype, copy=False) if host.dtype.kind == "f" else host

    def to_numpy(self, array: np.ndarray) -> np.ndarray:
        """See `Arrays`."""
        return array.astype(np.float64, copy=False) if array.dtype.kind == "f" else array

    def norms(self, vectors: Float[np.ndarray, "b d"]) -> Float[np.ndarray, " b"]:
        """See `Arrays`."""
        return np.asarray(np.sqrt(np.vecdot(vectors, vectors)))

    def cholesky(
        self, matrices: Sequence[Float[np.ndarray, "_ _"]]
    ) -> list[Float[np.ndarray, "_ _"] | None]:
        """See `Arrays`."""
        # the transpose is in Fortran order, its upper triangle the lower one of the matrix
        tries = [self._factorise(a.T, lower=0, clean=0, overwrite_a=1) for a in matrices]
        return [None if failure else upper.T for upper, failure in tries]

    def cholesky_solve(
        self, factor: Float[np.ndarray, "k k"], b: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        """See `Arrays`."""
        return np.asarray(self._solve(factor.T, b, lower=0)[0])

    def solve_from_right(
        self, factor: Float[np.ndarray, "k k"], b: Float[np.ndarray, "m k"]
    ) -> Float[np.ndarray, "m k"]:
        """See `Arrays`."""
        solve = strsm if b.dtype == np.float32 else dtrsm
        return np.asarray(solve(1.0, factor.T, b, side=1, lower=0))

    def square(self, b: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "m m"]:
        """See `Arrays`."""
        product = ssyrk if b.dtype == np.float32 else dsyrk
        return np.asarray(product(1.0, b, lower=0).T)
