"""Turn the almost feasible blocks of a solver into blocks that lie in their pattern cones."""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet

NEARLY_INSIDE = 1e-10
"""Blocks this close to their cone are pushed in without the least squares of a projection."""


def project_blocks(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    w: Float64[np.ndarray, "P d"],
    smallest: float,
) -> Float64[np.ndarray, "P d"]:
    """Project every block onto the cone of its pattern; those of negligible norm become zero.

    Parameters
    ----------
    X : (n, d) float64
        Data.
    patterns : PatternSet
        Give the cones, and the gates that lie inside of them.
    w : (P, d) float64
        Any finite blocks.
    smallest : float
        A block of at most this norm becomes exactly zero, which interior point solvers never do by
        themselves.

    Returns
    -------
    (P, d) float64
        Every block is in its cone up to the rounding of the product with a row: one that fails
        to get there becomes zero, which is in every cone.

    Notes
    -----
    The multipliers of a thin cone may be inaccurate and their block slightly outside; its value
    would then bound nothing, so the block moves towards its gate, which is inside.
    """
    out = np.zeros_like(w)
    units, kept = unit_rows(X), np.any(X != 0.0, axis=1)
    for i in np.flatnonzero(np.linalg.norm(w, axis=1) > smallest):
        pattern = patterns.unpack(np.array([i]))[0]
        rows = np.where(pattern[kept], 1.0, -1.0)[:, None] * units
        gate = patterns.gates[i]
        if np.all(rows @ w[i] >= -NEARLY_INSIDE * np.linalg.norm(w[i])):
            out[i] = _push_inside(rows, w[i], gate)
        if not np.any(out[i]):
            projection, _ = project_onto_cone(X, pattern, w[i])
            out[i] = _push_inside(rows, projection, gate)
    return out


def _push_inside(
    rows: Float64[np.ndarray, "m d"], u: Float64[np.ndarray, " d"], gate: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, " d"]:
    """Move ``u`` towards the gate, which is inside the cone, until no unit row is violated."""
    limit = 4.0 * EPS * (u.size + 8)
    violated = rows @ u < -limit * np.linalg.norm(u)
    if not np.any(violated):
        return u
    slack, margin = rows[violated] @ u, rows[violated] @ gate
    if np.any(margin <= 0.0):
        return np.zeros_like(u)
    moved: Float64[np.ndarray, " d"] = u + float(np.max(-slack / margin)) * gate
    inside = rows @ moved >= -limit * np.linalg.norm(moved)
    return moved if np.all(inside) else np.zeros_like(u)
