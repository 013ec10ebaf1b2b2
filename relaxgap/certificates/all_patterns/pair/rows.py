"""The rows of the data at length 1, in as few coordinates as they span."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.numerics.rows import row_lengths

RANK_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class UnitRows:
    """Hold rows at length 1.

    Parameters
    ----------
    samples : (n,) int
        The samples that they are.
    rows : (n, k) float64
        The rows in an orthonormal basis of what they span, to rounding.
    basis : (k, d) float64
        That basis.
    lengths : (n,) float64
        What was divided out.
    """

    samples: Int[np.ndarray, " n"]
    rows: Float64[np.ndarray, "n k"]
    basis: Float64[np.ndarray, "k d"]
    lengths: Float64[np.ndarray, " n"]

    @classmethod
    def of(cls, X: Float64[np.ndarray, "m d"], samples: Int[np.ndarray, " n"]) -> "UnitRows":
        """Return some rows, none of them zero."""
        lengths = row_lengths(X[samples])
        units = X[samples] / lengths[:, None]
        _, values, basis = np.linalg.svd(units, full_matrices=False)
        rank = int(np.count_nonzero(values > RANK_TOLERANCE * values.max(initial=0.0)))
        if rank == X.shape[1]:
            return cls(samples, units, np.eye(rank), lengths)
        return cls(samples, units @ basis[:rank].T, basis[:rank], lengths)
