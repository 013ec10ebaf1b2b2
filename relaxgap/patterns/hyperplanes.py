"""The distinct hyperplanes of a data set: what its arrangement of patterns depends on.

A pattern is a cell of the arrangement of the hyperplanes ``{u : x_i . u = 0}``. Scaling a row by
a positive number changes nothing, a zero row has no hyperplane, and parallel or antiparallel rows
share one; only the row space matters. Counting and enumeration both start from this reduction, in
units of columns that tell directions apart.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.column_units import column_units

TOLERANCE = 1e-12
"""Distance, relative to a row's norm, below which a row counts as lying in a subspace."""


@dataclass(frozen=True, slots=True, eq=False)
class Hyperplanes:
    """Hold one unit normal per distinct hyperplane, in coordinates of the row space.

    Parameters
    ----------
    normals : (k, r) float64
        Unit normals, no two of them parallel within `TOLERANCE`, in order of first appearance.
    basis : (r, d) float64
        Orthonormal rows spanning the row space of the data over their column units.
    units : (d,) float64
        Units of the columns, powers of two.
    merged : float
        Largest distance that counted as 0, rounding included; 0 where none did.
    """

    normals: Float64[np.ndarray, "k r"]
    basis: Float64[np.ndarray, "r d"]
    units: Float64[np.ndarray, " d"]
    merged: float

    @property
    def rank(self) -> int:
        """Dimension of the row space, ``r``."""
        return int(self.basis.shape[0])

    @property
    def n_hyperplanes(self) -> int:
        """Number of distinct hyperplanes, ``k``."""
        return int(self.normals.shape[0])

    def gates(self, directions: Float64[np.ndarray, "P r"]) -> Float64[np.ndarray, "P d"]:
        """Return unit gates of the data for directions in coordinates of the row space."""
        gates = directions @ self.basis
        # as they are where the units are 1: another rounding would move them
        return gates if np.all(self.units == 1.0) else unit_rows(gates / self.units)


def distinct_hyperplanes(X: Float64[np.ndarray, "n d"]) -> Hyperplanes:
    """Reduce ``X`` to its distinct hyperplanes and its row space.

    Only exactly zero rows are dropped: a tiny row has a hyperplane like any other. Rows whose
    directions differ by at most `TOLERANCE` up to sign are one hyperplane, and singular values of
    the normalised rows below `TOLERANCE` times the largest count as zero, all of it in the units of
    `column_units`.

    Notes
    -----
    Cost: O(n d min(n, d)) for the rank and O(n log n) for the merging.
    """
    units = column_units(X)
    rows = unit_rows(X / units)
    first = first_parallel(rows)
    merged = _largest_distance(rows, first)
    rows = rows[np.unique(first)]
    if rows.shape[0] == 0:
        return Hyperplanes(np.zeros((0, 0)), np.zeros((0, X.shape[1])), units, merged)
    _, singular_values, right = np.linalg.svd(rows, full_matrices=False)
    rank = int(np.count_nonzero(singular_values > TOLERANCE * singular_values[0]))
    if rank == X.shape[1]:
        # no rotation, hence no rounding: dependencies among small integers stay sharp
        return Hyperplanes(rows, np.eye(rank), units, merged)
    if rank < singular_values.size:
        merged = max(merged, float(singular_values[rank]), 16.0 * EPS)
    basis = np.ascontiguousarray(right[:rank])
    return Hyperplanes(unit_rows(rows @ basis.T), basis, units, merged)


def _largest_distance(rows: Float64[np.ndarray, "m d"], first: Int[np.ndarray, " m"]) -> float:
    """Return how far unit rows are at most from those they are merged into, up to sign."""
    later = np.flatnonzero(first != np.arange(first.size))
    if later.size == 0:
        return 0.0
    row, leader = rows[later], rows[first[later]]
    distance = np.minimum(
        np.linalg.norm(row - leader, axis=1), np.linalg.norm(row + leader, axis=1)
    )
    return max(float(distance.max()), 16.0 * EPS)


def first_parallel(rows: Float64[np.ndarray, "m d"]) -> Int[np.ndarray, " m"]:
    """Return for every unit row the first row that is parallel or antiparallel to it.

    Directions that differ by at most `TOLERANCE` up to sign are one. Parallel unit rows have the
    same absolute projection on any vector; on one without rational relations between its entries
    few other rows do, so the sorted projections fall into short runs, and only rows of one run are
    compared.
    """
    first = np.arange(rows.shape[0])
    probe = np.cos(np.arange(1.0, rows.shape[1] + 1.0))
    projection = np.abs(rows @ probe)
    order = np.argsort(projection, kind="stable")
    slack = 4.0 * TOLERANCE * np.sqrt(rows.shape[1])
    runs = np.split(order, np.flatnonzero(np.diff(projection[order]) > slack) + 1)
    for run in runs:
        if run.size > 1:
            _point_to_first(first, rows, np.sort(run))
    return first


def _point_to_first(
    first: Int[np.ndarray, " m"],
    rows: Float64[np.ndarray, "m d"],
    candidates: Int[np.ndarray, " c"],
) -> None:
    remaining = candidates
    while remaining.size:
        leader = rows[remaining[0]]
        same = np.linalg.norm(rows[remaining] - leader, axis=1) <= TOLERANCE
        opposite = np.linalg.norm(rows[remaining] + leader, axis=1) <= TOLERANCE
        first[remaining[same | opposite]] = remaining[0]
        remaining = remaining[~(same | opposite)]
