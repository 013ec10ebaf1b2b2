"""Turn the almost feasible blocks of a solver into blocks that lie in their pattern cones."""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.fit_map import SAMPLES_AT_ONCE, chunks

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
    large = np.flatnonzero(np.linalg.norm(w, axis=1) > smallest)
    inside = least_slacks(X, patterns, large, w[large]) >= -inside_limit(w.shape[1])
    out[large[inside]] = w[large[inside]]
    if inside.all():
        return out
    units, kept = unit_rows(X), np.any(X != 0.0, axis=1)
    for i in large[~inside]:
        pattern = patterns.unpack(np.array([i]))[0]
        rows = np.where(pattern[kept], 1.0, -1.0)[:, None] * units
        gate = patterns.gates[i]
        if np.all(rows @ w[i] >= -NEARLY_INSIDE * np.linalg.norm(w[i])):
            out[i] = _push_inside(rows, w[i], gate)
        if not np.any(out[i]):
            projection, _ = project_onto_cone(X, pattern, w[i])
            out[i] = _push_inside(rows, projection, gate)
    return out


def inside_limit(d: int) -> float:
    """Return how far a unit block may be on the wrong side of a unit row by rounding alone."""
    return 4.0 * EPS * (d + 8)


def least_slacks(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    blocks: Int[np.ndarray, " k"],
    w: Float64[np.ndarray, "k d"],
) -> Float64[np.ndarray, " k"]:
    r"""Return the least :math:`(2D_i-I)_j x_j^\top w_i / (\|x_j\| \|w_i\|)` of each block, or 0.

    No block is zero.

    Notes
    -----
    Cost: O(n d) a block; the rows are read in chunks.
    """
    least, units = np.zeros(blocks.size), unit_rows(w)
    for samples in chunks(X.shape[0] if blocks.size else 0, SAMPLES_AT_ONCE):
        checkpoint()
        some = X[samples]
        kept = np.any(some != 0.0, axis=1)
        bits = patterns.unpack_samples(blocks, samples)[:, kept]
        slack = units @ unit_rows(some).T
        least = np.minimum(least, np.where(bits, slack, -slack).min(axis=1, initial=0.0))
    return least


def _push_inside(
    rows: Float64[np.ndarray, "m d"], u: Float64[np.ndarray, " d"], gate: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, " d"]:
    """Move ``u`` towards the gate, which is inside the cone, until no unit row is violated."""
    limit = inside_limit(u.size)
    violated = rows @ u < -limit * np.linalg.norm(u)
    if not np.any(violated):
        return u
    slack, margin = rows[violated] @ u, rows[violated] @ gate
    if np.any(margin <= 0.0):
        return np.zeros_like(u)
    moved: Float64[np.ndarray, " d"] = u + float(np.max(-slack / margin)) * gate
    inside = rows @ moved >= -limit * np.linalg.norm(moved)
    return moved if np.all(inside) else np.zeros_like(u)
