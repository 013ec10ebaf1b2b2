"""The unit rows that all pattern cones share up to signs, and the products of rows they need."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from relaxgap.numerics.backend import Array, Arrays
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rows import unit_rows

PARALLEL = 0.99
"""Mean square of the rows' components along one line from which they are almost parallel."""


@dataclass(frozen=True, slots=True, eq=False)
class ConeRows:
    r"""Hold what depends on the data alone; computed once in float64 NumPy, then brought over.

    Parameters
    ----------
    arrays : Arrays
        Where the arrays are.
    X : (n, d)
        Data.
    kept : (k,) int, NumPy
        The nonzero rows.
    rows : (k, d)
        These, scaled to norm 1.
    gram : (k, k)
        :math:`\bar X \bar X^\top` of the unit rows.
    smoothness : float
        Largest eigenvalue of ``gram``.
    step : (k, k) float32
        What a gradient step of length ``1 / smoothness`` multiplies by.
    data_gram : (n, n)
        :math:`X X^\top`.
    mixed_gram, mixed_gram_single : (n, k)
        :math:`X \bar X^\top`, and the same in float32.
    """

    arrays: Arrays
    X: Float[Array, "n d"]
    kept: Int[np.ndarray, " k"]
    rows: Float[Array, "k d"]
    gram: Float[Array, "k k"]
    smoothness: float
    step: Float32[Array, "k k"]
    data_gram: Float[Array, "n n"]
    mixed_gram: Float[Array, "n k"]
    mixed_gram_single: Float32[Array, "n k"]

    @property
    def almost_parallel(self) -> bool:
        """Whether all rows lie near one line, where gradient steps on multipliers are slow."""
        return self.smoothness >= PARALLEL * self.kept.size

    @classmethod
    def of(cls, X: Float64[np.ndarray, "n d"], arrays: Arrays) -> "ConeRows":
        """Bring the rows of ``X`` over, at least one of which is nonzero."""
        xp, rows = arrays.xp, unit_rows(X)
        checkpoint()
        gram, mixed = rows @ rows.T, arrays.asarray(X @ rows.T)
        smoothness = float(np.linalg.norm(rows, 2)) ** 2
        # each is a second's work at 5000 samples
        checkpoint()
        step = arrays.asarray(np.eye(rows.shape[0]) - gram / smoothness)
        checkpoint()
        return cls(
            arrays,
            arrays.asarray(X),
            np.flatnonzero(np.any(X != 0.0, axis=1)),
            arrays.asarray(rows),
            arrays.asarray(gram),
            smoothness,
            xp.astype(step, xp.float32),
            arrays.asarray(X @ X.T),
            mixed,
            xp.astype(mixed, xp.float32),
        )
