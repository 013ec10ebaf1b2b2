"""The matrix of a pattern cone, with the same signs wherever it is used."""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rows import row_lengths, unit_rows


def cone_rows(
    X: Float64[np.ndarray, "n d"], gate: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, "k d"]:
    r"""Return the unit rows of :math:`(2D - I) X` for the pattern of a gate, without zero rows.

    The signs are those at unit rows: where a gate is on a row's hyperplane up to rounding, at the
    rows themselves they might be others, and the cone another one.
    """
    rows = unit_rows(X)
    return np.asarray(np.where(gate @ rows.T >= 0.0, 1.0, -1.0)[:, None] * rows)


def cone_matrix(
    X: Float64[np.ndarray, "n d"], gate: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, "k d"]:
    """Return `cone_rows` with the lengths of the rows."""
    lengths = row_lengths(X)
    return np.asarray(lengths[np.any(X != 0.0, axis=1), None] * cone_rows(X, gate))
