r"""Newton's method on the faces of cones that a few active blocks lie on.

On its face :math:`w_k = Z_k \alpha_k` a block has few coordinates: cones of many rows are narrow,
and most faces are rays. The quadratic model of the loss is a matrix of the order of all
coordinates together, whatever the number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.near_cones import TIGHT, NearCones
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import TINY

RIDGE = 1e-11
INDEPENDENT = 1e-9
"""Relative size of a pivot above which a row counts as independent of those before."""
VANISHED = 1e-10
SHORTEST = 1e-8
SETTLED = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Hold an orthonormal basis of the face of each active block.

    Parameters
    ----------
    blocks : (k,) int
        Numbers of the blocks, as in `NearCones`.
    bases : sequence of (d, r) float64
    starts : (k,) int
        Where the coordinates of each block begin.
    """

    blocks: Int[np.ndarray, " k"]
    bases: Sequence[Float64[np.ndarray, "d _"]]
    starts: Int[np.ndarray, " k"]

    @classmethod
    def of(
        cls, cones: NearCones, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"]
    ) -> "Faces":
        """Find the candidate rows that the blocks are orthogonal to."""
        bases = [_basis(cones.candidates(int(b)), v) for b, v in zip(blocks, w, strict=True)]
        ranks = np.array([basis.shape[1] for basis in bases], dtype=np.intp)
        return cls(blocks, bases, np.cumsum(ranks) - ranks)

    @property
    def ranks(self) -> Int[np.ndarray, " k"]:
        """Number of coordinates of each block."""
        return np.array([basis.shape[1] for basis in self.bases], dtype=np.intp)

    def coordinates(self, v: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, " R"]:
        """Return the coordinates of vectors, one for each block, one block after another."""
        return np.concatenate([basis.T @ one for basis, one in zip(self.bases, v, strict=True)])

    def blocks_at(self, alpha: Float64[np.ndarray, " R"]) -> Float64[np.ndarray, "k d"]:
        """Return the blocks of given coordinates."""
        parts = np.split(alpha, self.starts[1:])
        return np.stack([basis @ part for basis, part in zip(self.bases, parts, strict=True)])

    def columns(self, n_patterns: int) -> tuple[Float64[np.ndarray, "d R"], Int[np.ndarray, " R"]]:
        """Return the signed bases side by side, and the pattern of each column."""
        signs = np.where(self.blocks < n_patterns, 1.0, -1.0)
        columns = np.concatenate(
            [s * basis for s, basis in zip(signs, self.bases, strict=True)], axis=1
        )
        return columns, np.repeat(self.blocks % n_patterns, self.ranks)


def _basis(
    rows: Float64[np.ndarray, "c d"], w: Float64[np.ndarray, " d"]
) -> Float64[np.ndarray, "d r"]:
    """Return an orthonormal basis of the vectors orthogonal to the rows that ``w`` is on."""
    length = float(np.linalg.norm(w))
    return null_space(rows[rows @ w <= TIGHT * length], w)


def null_space(
    tight: Float64[np.ndarray, "t r"], inside: Float64[np.ndarray, " r"]
) -> Float64[np.ndarray, "r f"]:
    """Return an orthonormal basis of what is orthogonal to some rows, among it ``inside``."""
    if tight.shape[0] == 0:
        return np.eye(inside.size)
    Q, R, _ = scipy.linalg.qr(tight.T, pivoting=True, check_finite=False)
    pivots = np.abs(np.diag(R))
    rank = int(np.count_nonzero(pivots > INDEPENDENT * pivots[0])) if pivots[0] > 0.0 else 0
    if rank >= inside.size - 1:
        return inside[:, None] / float(np.linalg.norm(inside))
    return np.asarray(Q[:, rank:])


def newton_on_faces(
    gram: Float64[np.ndarray, "R R"],
    slope: Float64[np.ndarray, " R"],
    start: Float64[np.ndarray, " R"],
    faces: Faces,
    cones: NearCones,
    beta: float,
    n_steps: int,
) -> tuple[Float64[np.ndarray, " R"], float]:
    r"""Minimise :math:`\tfrac12 x^\top M x - s^\top x + \beta \sum_k \|\alpha_k + x_k\|` over x.

    Each block stays inside its candidate rows: it stops at the first one that it meets, and goes
    on along that. A ray that turns against itself becomes zero.

    Returns
    -------
    alpha : (R,) float64
        The coordinates reached.
    first : float
        Largest entry of the first gradient over ``beta``: how far the start was from stationary.
    """
    ranks = faces.ranks
    owner = np.repeat(np.arange(ranks.size), ranks)
    wide = np.flatnonzero(ranks > 1)
    rows = {int(k): cones.candidates(int(faces.blocks[k])) @ faces.bases[int(k)] for k in wide}
    alpha, slope, first = start.copy(), slope.copy(), np.inf
    for step in range(n_steps):
        checkpoint()
        lengths = _lengths(alpha, faces.starts)
        alive = lengths > 0.0
        if not alive.any():
            break
        safe = np.where(alive, lengths, 1.0)
        units = alpha / safe[owner]
        gradient = np.where(alive[owner], slope - beta * units, 0.0)
        hessian = _bent(gram, units, beta / safe, faces.starts, wide)
        free = _free_directions(alpha, lengths, faces.starts, ranks, rows)
        projected = gradient if free is None else free.T @ gradient
        size = float(np.abs(projected).max(initial=0.0)) / beta
        first = size if step == 0 else first
        if size <= SETTLED:
            break
        inner = hessian if free is None else free.T @ hessian @ free
        with np.errstate(over="ignore", invalid="ignore"):
            # a step of a singular system may be of any length: its line search ends it
            move = _solved(inner, projected)
            move = move if free is None else free @ move
            limits = _limits(alpha, move, lengths, faces.starts, ranks, rows)
            moved = _line_search(
                gram, slope, alpha, move, limits, lengths, faces.starts, owner, beta
            )
        if moved is None:
            break
        slope -= gram @ (moved - alpha)
        gone = _lengths(moved, faces.starts) <= VANISHED * lengths
        alpha = np.where(gone[owner], 0.0, moved)
    return alpha, first


def _lengths(
    alpha: Float64[np.ndarray, " R"], starts: Int[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    return np.asarray(np.sqrt(np.add.reduceat(alpha * alpha, starts)))


def _bent(
    gram: Float64[np.ndarray, "R R"],
    units: Float64[np.ndarray, " R"],
    bend: Float64[np.ndarray, " k"],
    starts: Int[np.ndarray, " k"],
    wide: Int[np.ndarray, " b"],
) -> Float64[np.ndarray, "R R"]:
    """Add the Hessian of the lengths: a ray has none."""
    out = gram.copy()
    ends = np.append(starts[1:], units.size)
    for k in wide:
        here = slice(starts[k], ends[k])
        h = units[here]
        out[here, here] += bend[k] * (np.eye(h.size) - np.outer(h, h))
    return out


def _free_directions(
    alpha: Float64[np.ndarray, " R"],
    lengths: Float64[np.ndarray, " k"],
    starts: Int[np.ndarray, " k"],
    ranks: Int[np.ndarray, " k"],
    rows: dict[int, Float64[np.ndarray, "c _"]],
) -> Float64[np.ndarray, "R f"] | None:
    """Return a basis of the moves that keep blocks on the rows they met; None if all do."""
    parts: dict[int, Float64[np.ndarray, "r f"]] = {}
    for k, products in rows.items():
        if lengths[k] == 0.0:
            continue
        here = alpha[starts[k] : starts[k] + ranks[k]]
        tight = products[products @ here <= TIGHT * lengths[k]]
        tight = tight[np.linalg.norm(tight, axis=1) > TIGHT]
        if tight.shape[0]:
            parts[k] = null_space(tight, here)
    if not parts and np.all(lengths > 0.0):
        return None
    columns = []
    for k, (start, rank) in enumerate(zip(starts, ranks, strict=True)):
        if lengths[k] == 0.0:
            continue
        basis = parts.get(k, np.eye(rank))
        column = np.zeros((alpha.size, basis.shape[1]))
        column[start : start + rank] = basis
        columns.append(column)
    return np.concatenate(columns, axis=1)


def _solved(
    H: Float64[np.ndarray, "m m"], gradient: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " m"]:
    diagonal = np.diag_indices_from(H)
    ridge, size = RIDGE, float(np.trace(H)) / len(H)
    while ridge < 1.0:
        bent = H.copy()
        bent[diagonal] += ridge * size
        try:
            factor = scipy.linalg.cho_factor(bent, check_finite=False)
        except scipy.linalg.LinAlgError:
            ridge *= 100.0
        else:
            return np.asarray(scipy.linalg.cho_solve(factor, gradient, check_finite=False))
    # no curvature is left in the rounding: a short step down
    return gradient / max(size, TINY)


def _limits(
    alpha: Float64[np.ndarray, " R"],
    move: Float64[np.ndarray, " R"],
    lengths: Float64[np.ndarray, " k"],
    starts: Int[np.ndarray, " k"],
    ranks: Int[np.ndarray, " k"],
    rows: dict[int, Float64[np.ndarray, "c _"]],
) -> Float64[np.ndarray, " k"]:
    """Return the part of its move that each block may go, infinite where nothing is met."""
    along = np.add.reduceat(alpha * move, starts)
    shrinking = (ranks == 1) & (along < 0.0)
    limits = np.where(shrinking, lengths**2 / np.where(shrinking, -along, 1.0), np.inf)
    for k, products in rows.items():
        here = slice(starts[k], starts[k] + ranks[k])
        slack, change = products @ alpha[here], products @ move[here]
        meets = (change < 0.0) & (slack > TIGHT * lengths[k])
        if meets.any():
            limits[k] = float((slack[meets] / -change[meets]).min())
    return limits


def _line_search(
    gram: Float64[np.ndarray, "R R"],
    slope: Float64[np.ndarray, " R"],
    alpha: Float64[np.ndarray, " R"],
    move: Float64[np.ndarray, " R"],
    limits: Float64[np.ndarray, " k"],
    lengths: Float64[np.ndarray, " k"],
    starts: Int[np.ndarray, " k"],
    owner: Int[np.ndarray, " R"],
    beta: float,
) -> Float64[np.ndarray, " R"] | None:
    """Halve the step until the model falls: each block's up to its limit, or all to the least."""
    for each in (limits, np.full_like(limits, limits.min())):
        t, furthest = 1.0, float(each.max())
        while t > SHORTEST:
            step = np.minimum(t, each)[owner] * move
            there = alpha + step
            rise = 0.5 * float(step @ (gram @ step)) - float(slope @ step)
            rise += beta * float((_lengths(there, starts) - lengths).sum())
            if rise < 0.0:
                return np.asarray(there)
            t = 0.5 * min(t, furthest)
    return None
