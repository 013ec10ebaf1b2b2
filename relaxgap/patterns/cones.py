r"""Projection onto pattern cones :math:`K = \{u : (2D - I) X u \ge 0\}`."""

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.numerics.rows import unit_rows


def project_onto_cone(
    X: Float64[np.ndarray, "n d"], pattern: Bool[np.ndarray, " n"], g: Float64[np.ndarray, " d"]
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " k"]]:
    r"""Project ``g`` onto the cone of ``pattern`` by one non-negative least squares solve.

    By Moreau, :math:`\mathrm{Proj}_K(g) = g + X^\top (2D - I) \lambda` with the
    :math:`\lambda \ge 0` that minimises its norm; *any* such :math:`\lambda` gives a norm that
    bounds :math:`\max_{u \in K, \|u\| \le 1} g^\top u` from above, so an inexact solve weakens the
    bound and never falsifies it.

    Returns
    -------
    projection : (d,) float64
        :math:`g + X^\top (2D - I) \lambda`.
    multipliers : (k,) float64
        :math:`\lambda` for the nonzero rows, scaled to norm 1.
    """
    kept = np.any(X != 0.0, axis=1)
    rows = np.where(pattern[kept], 1.0, -1.0)[:, None] * unit_rows(X)
    if bool(np.all(rows @ g >= 0.0)):
        return g.copy(), np.zeros(rows.shape[0])
    multipliers = nonnegative_least_squares(rows.T, -g)
    return g + rows.T @ multipliers, multipliers
