"""Turn the almost feasible point of a solver into one that lies in its cones."""

import numpy as np
from jaxtyping import Float64

from relaxgap.patterns.cones import project_onto_cone
from relaxgap.programs.relu import ConvexReLUProgram, SplitBlocks

LARGEST_VIOLATION = 1e-10


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
        Every block is in its cone up to a relative violation of 1e-10: one whose projection
        fails to get there becomes zero, which is in every cone.
    """
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
        projection, _ = project_onto_cone(X, pattern, w[i])
        slack = np.where(pattern, 1.0, -1.0) * (X @ projection)
        if np.all(slack >= -LARGEST_VIOLATION * row_norms * np.linalg.norm(projection)):
            out[i] = projection
    return out
