"""Turn the almost feasible point of a solver into one that lies in its cones."""

import numpy as np
from jaxtyping import Float64

from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems.relu import ConvexReLUProgram, SplitBlocks

EPS = float(np.finfo(np.float64).eps)
NEARLY_INSIDE = 1e-10
"""Blocks this close to their cone are pushed in without the least squares of a projection."""


def into_cones(program: ConvexReLUProgram, point: SplitBlocks, drop: float = 1e-9) -> SplitBlocks:
    """Project every block onto its cone; blocks of negligible norm become exactly zero.

    Parameters
    ----------
    program : ConvexReLUProgram
        Gives the cones.
    point : SplitBlocks
        Any finite point.
    drop : float
        A block whose norm is at most this fraction of the largest becomes zero, which interior
        point solvers never do by themselves.

    Returns
    -------
    SplitBlocks
        Every block is in its cone up to the rounding of the product with a row: one that fails
        to get there, or is not allowed, becomes zero, which is in every cone.

    Notes
    -----
    The multipliers of a thin cone may be inaccurate and their block slightly outside; its value
    would then bound nothing, so the block moves towards its gate, which is inside.
    """
    point = program.without_forbidden(point)
    largest = max(float(np.linalg.norm(w, axis=1).max(initial=0.0)) for w in (point.u, point.v))
    u, v = (_project_blocks(program, w, drop * largest) for w in (point.u, point.v))
    return SplitBlocks(u, v)


def _project_blocks(
    program: ConvexReLUProgram, w: Float64[np.ndarray, "P d"], smallest: float
) -> Float64[np.ndarray, "P d"]:
    out = np.zeros_like(w)
    X = program.data.X
    row_norms = np.linalg.norm(X, axis=1)
    for i in np.flatnonzero(np.linalg.norm(w, axis=1) > smallest):
        pattern = program.patterns.unpack(np.array([i]))[0]
        rows = np.where(pattern, 1.0, -1.0)[:, None] * X
        gate = program.patterns.gates[i]
        if np.all(rows @ w[i] >= -NEARLY_INSIDE * row_norms * np.linalg.norm(w[i])):
            out[i] = _push_inside(rows, w[i], gate)
        if not np.any(out[i]):
            projection, _ = project_onto_cone(X, pattern, w[i])
            out[i] = _push_inside(rows, projection, gate)
    return out


def _push_inside(
    rows: Float64[np.ndarray, "n d"], u: Float64[np.ndarray, " d"], gate: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, " d"]:
    """Move ``u`` towards the gate, which is inside the cone, until no row of it is violated."""
    limits = 4.0 * EPS * (u.size + 8) * np.linalg.norm(rows, axis=1)
    violated = rows @ u < -limits * np.linalg.norm(u)
    if not np.any(violated):
        return u
    slack, margin = rows[violated] @ u, rows[violated] @ gate
    if np.any(margin <= 0.0):
        return np.zeros_like(u)
    moved: Float64[np.ndarray, " d"] = u + float(np.max(-slack / margin)) * gate
    inside = rows @ moved >= -limits * np.linalg.norm(moved)
    return moved if np.all(inside) else np.zeros_like(u)
