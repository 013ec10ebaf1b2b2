"""One witness point per open cell of a central arrangement, by deletion and restriction.

Insert the hyperplanes ``H_0, H_1, ...`` one by one. A new ``H_m`` cuts exactly those cells it
meets, and the pieces in which it meets them are the cells of the arrangement that the earlier
hyperplanes trace on ``H_m`` itself: a smaller problem of one dimension less. Given one witness
``v`` for each of those pieces, the cell that ``v`` lies in is the cell to split, and stepping off
``v`` to either side of ``H_m`` gives the witnesses of the two halves.

Unrolling the recursion gives *flats*: for rows ``k_1 > ... > k_j`` the subspace orthogonal to all
of them, which carries the traces of the rows before ``k_j``. Level ``j`` holds every such flat, so
each level is a few large array operations:

1. down (`restrict`): from level 0, the whole space with all rows, each flat is restricted to
   each of its rows. A row whose trace on the flat is that of an earlier row cannot cut and is
   skipped; this is all there is to degenerate data.
2. turn (`planar_cells`): on flats of dimension two the traces are lines; sort their angles.
3. up (`lift`): the cells of a level are the leaves of one binary tree per flat. Rows are inserted
   in order; each cell one level down with lowest row ``m`` is looked up in the tree of its parent
   flat, where inner nodes test the side of the row that split them, and its leaf is split.

A cell that is not cut keeps its witness: all points of a cell have the same pattern. The number of
cells of a level is therefore its number of flats plus the number of cells below, which is Cover's
recursion. The arrangement is symmetric, so only the *half* where row 0 is active is built, on every
flat; the other cells are its mirror image.

References
----------
Zaslavsky (1975), Facing up to arrangements, Memoirs AMS 154 (deletion-restriction).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int, Int32

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.limits import rows_at_once
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns.hyperplanes import TOLERANCE


@dataclass(frozen=True, slots=True, eq=False)
class Flats:
    """Hold the flats of one level, sorted by decreasing lowest row.

    Parameters
    ----------
    bases : (N, q, r) float64
        Orthonormal basis of each flat.
    lowest : (N,) int
        The flat carries the traces of the rows before this one, at least row 0; none contains it.
    parent : (N,) int
        The flat one level up of which this is the restriction to row ``lowest``.
    across : (N, r) float64
        Unit vector of the parent flat, normal to this one, on the active side of row ``lowest``.
    merged : float
        Largest distance between a row and a span that counted as 0.
    """

    bases: Float64[np.ndarray, "N q r"]
    lowest: Int[np.ndarray, " N"]
    parent: Int[np.ndarray, " N"]
    across: Float64[np.ndarray, "N r"]
    merged: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Hold the open cells, on the active side of row 0, of every flat of one level.

    Parameters
    ----------
    witnesses : (C, r) float64
        A unit vector in each cell.
    flat : (C,) int
        The flat the cell belongs to.
    merged : float
        Largest width of a sector that counted as 0.
    """

    witnesses: Float64[np.ndarray, "C r"]
    flat: Int[np.ndarray, " C"]
    merged: float = 0.0


def arrangement_witnesses(
    normals: Float64[np.ndarray, "k r"],
) -> tuple[Float64[np.ndarray, "P r"], float]:
    """Return a unit vector in each open cell of the arrangement of the given hyperplanes.

    Parameters
    ----------
    normals : (k, r) float64
        Unit normals of rank ``r``, no two of them parallel, ``k >= r >= 1``.

    Returns
    -------
    witnesses : (P, r) float64
        The unit vectors.
    merged : float
        Largest distance that counted as 0; where none did every cell has its witness.

    Notes
    -----
    Cost: O(P (k + r) r) time, O(P r) memory. A row closer than `TOLERANCE` to the span of others
    counts as lying in it, so a cell about that thin may be missed.
    """
    k, rank = normals.shape
    merged = 0.0
    if rank == 1:
        half = normals[:1]
    else:
        # rows sorted along a curve would grow trees as deep as they are long; the golden section
        # spreads any sorted sequence evenly
        spread = np.argsort(np.arange(k) * (0.5 * (np.sqrt(5.0) - 1.0)) % 1.0)
        half, merged = _half(normals[spread])
    return np.concatenate((half, -half)), merged


def _half(normals: Float64[np.ndarray, "k r"]) -> tuple[Float64[np.ndarray, "P r"], float]:
    k, rank = normals.shape
    levels = [Flats(np.eye(rank)[None], np.array([k]), np.array([-1]), np.zeros((1, rank)))]
    for _ in range(rank - 2):
        levels.append(restrict(normals, levels[-1]))
    cells = planar_cells(normals, levels[-1])
    for parents, flats in zip(levels[-2::-1], levels[:0:-1], strict=True):
        cells = lift(normals, parents, flats, cells)
    return cells.witnesses, max([cells.merged, *(flats.merged for flats in levels)])


def restrict(normals: Float64[np.ndarray, "k r"], flats: Flats) -> Flats:
    """Restrict every flat to each of its rows after row 0 that no earlier row already traces."""
    _, dimension, rank = flats.bases.shape
    none = np.zeros(0, dtype=np.intp)
    parts = [Flats(np.zeros((0, dimension - 1, rank)), none, none, np.zeros((0, rank)))]
    merged = 0.0
    for m in range(int(np.max(flats.lowest, initial=0)) - 1, 0, -1):
        checkpoint()
        n_parents = int(np.searchsorted(-flats.lowest, -m, side="left"))
        bases = flats.bases[:n_parents]
        trace = bases @ normals[m]
        length = np.linalg.norm(trace, axis=1, keepdims=True)
        across = np.einsum("Nq,Nqr->Nr", trace / length, bases)
        # Householder: the reflection that takes the trace to the first axis takes the other basis
        # vectors to an orthonormal basis of its complement, to machine precision
        trace[:, :1] += np.copysign(length, trace[:, :1])
        scale = 2.0 / np.einsum("Nq,Nq->N", trace, trace)
        along = np.einsum("Nq,Nqr->Nr", trace, bases) * scale[:, None]
        bases = bases[:, 1:] - trace[:, 1:, None] * along[:, None, :]
        distance = np.min(np.linalg.norm(bases @ normals[:m].T, axis=1), axis=1)
        kept = np.flatnonzero(distance > TOLERANCE)
        merged = _largest_merged(distance, merged)
        parts.append(Flats(bases[kept], np.full(kept.size, m), kept, across[kept]))
    return Flats(
        np.concatenate([part.bases for part in parts]),
        np.concatenate([part.lowest for part in parts]),
        np.concatenate([part.parent for part in parts]),
        np.concatenate([part.across for part in parts]),
        merged,
    )


def _largest_merged(distance: Float64[np.ndarray, "..."], merged: float) -> float:
    """Return the largest distance up to `TOLERANCE`, at least what rounding makes of 0."""
    small = distance[distance <= TOLERANCE]
    return max(merged, 16.0 * EPS, float(small.max())) if small.size else merged


def planar_cells(normals: Float64[np.ndarray, "k r"], flats: Flats) -> Cells:
    """Return the cells of flats of dimension two: the sectors between neighbouring lines."""
    witnesses, merged = [np.zeros((0, normals.shape[1]))], 0.0
    owners = [np.zeros(0, dtype=np.intp)]
    for k in np.unique(flats.lowest):
        checkpoint()
        group = np.flatnonzero(flats.lowest == k)
        bases = flats.bases[group]
        traces = bases @ normals[:k].T
        angle = np.arctan2(traces[:, 1], traces[:, 0]) % np.pi
        order = np.argsort(angle, axis=1)
        angle = np.take_along_axis(angle, order, axis=1)
        length = np.take_along_axis(np.linalg.norm(traces, axis=1), order, axis=1)
        gap = np.diff(angle, axis=1, append=angle[:, :1] + np.pi)
        distance = gap * np.minimum(length, np.roll(length, -1, axis=1))
        flat, line = np.nonzero(distance > TOLERANCE)
        merged = _largest_merged(distance, merged)
        # a line is perpendicular to its normal
        middle = angle[flat, line] + 0.5 * gap[flat, line] + 0.5 * np.pi
        plane = bases[flat]
        witness = np.cos(middle)[:, None] * plane[:, 0] + np.sin(middle)[:, None] * plane[:, 1]
        witnesses.append(np.copysign(1.0, witness @ normals[0])[:, None] * witness)
        owners.append(group[flat])
    return Cells(np.concatenate(witnesses), np.concatenate(owners), merged)


def lift(normals: Float64[np.ndarray, "k r"], parents: Flats, flats: Flats, cells: Cells) -> Cells:
    """Return the cells of the parent flats, given the cells of all their restrictions."""
    lowest = flats.lowest[cells.flat]
    order = np.argsort(lowest, kind="stable")
    bounds = np.searchsorted(lowest[order], np.arange(normals.shape[0] + 1))
    forest = _Forest(
        np.einsum("Nq,Nqr->Nr", parents.bases @ normals[0], parents.bases), cells.flat.size
    )
    for m in range(1, normals.shape[0]):
        chunk = rows_at_once(m)
        for start in range(int(bounds[m]), int(bounds[m + 1]), chunk):
            checkpoint()
            cutting = order[start : min(start + chunk, int(bounds[m + 1]))]
            flat = cells.flat[cutting]
            witness, across = cells.witnesses[cutting], flats.across[flat]
            sides = witness @ normals[:m].T
            leaves = forest.find(flats.parent[flat], sides)
            # going across by t, row i is met at t = -1 / rate_i; half way is inside the cell
            rate = np.zeros_like(sides)
            np.divide(across @ normals[:m].T, sides, out=rate, where=sides != 0.0)
            ahead = -0.5 / np.min(rate, axis=1, keepdims=True, initial=-0.5)
            behind = 0.5 / np.max(rate, axis=1, keepdims=True, initial=0.5)
            forest.split(leaves, m, witness + ahead * across, witness - behind * across)
    return Cells(forest.witnesses, forest.tree, cells.merged)


class _Forest:
    """Binary trees over the cells of all flats of a level; node ``i`` starts as the root ``i``."""

    def __init__(self, roots: Float64[np.ndarray, "N r"], n_splits: int) -> None:
        n_trees, n_nodes = roots.shape[0], roots.shape[0] + 2 * n_splits
        self.witnesses = np.empty((n_trees + n_splits, roots.shape[1]))
        self.witnesses[:n_trees] = roots / np.linalg.norm(roots, axis=1, keepdims=True)
        self.tree: Int32[np.ndarray, " C"] = np.arange(n_trees + n_splits, dtype=np.int32)
        self._cell: Int32[np.ndarray, " nodes"] = np.arange(n_nodes, dtype=np.int32)
        self._cut: Int32[np.ndarray, " nodes"] = np.full(n_nodes, -1, dtype=np.int32)
        self._child: Int32[np.ndarray, " nodes"] = np.zeros(n_nodes, dtype=np.int32)
        self._n_cells = self._n_nodes = n_trees

    def find(
        self, roots: Int[np.ndarray, " Q"], sides: Float64[np.ndarray, "Q m"]
    ) -> Int32[np.ndarray, " Q"]:
        """Return the leaf each point falls into, all of them descending in lockstep."""
        leaves = roots.astype(np.int32)
        moving = np.arange(leaves.size)
        while moving.size:
            node = leaves[moving]
            cut = self._cut[node]
            inner = np.flatnonzero(cut >= 0)
            moving = moving[inner]
            leaves[moving] = self._child[node[inner]] + (sides[moving, cut[inner]] < 0.0)
        return leaves

    def split(
        self,
        leaves: Int32[np.ndarray, " Q"],
        row: int,
        active: Float64[np.ndarray, "Q r"],
        inactive: Float64[np.ndarray, "Q r"],
    ) -> None:
        """Split distinct leaves by a row; the active half keeps the cell's number."""
        count = leaves.size
        old = self._cell[leaves]
        new = slice(self._n_cells, self._n_cells + count)
        self.witnesses[old] = active / np.linalg.norm(active, axis=1, keepdims=True)
        self.witnesses[new] = inactive / np.linalg.norm(inactive, axis=1, keepdims=True)
        self.tree[new] = self.tree[old]
        self._cut[leaves] = row
        self._child[leaves] = np.arange(self._n_nodes, self._n_nodes + 2 * count, 2)
        self._cell[self._n_nodes : self._n_nodes + 2 * count : 2] = old
        self._cell[self._n_nodes + 1 : self._n_nodes + 2 * count : 2] = np.arange(
            new.start, new.stop
        )
        self._n_cells += count
        self._n_nodes += 2 * count
