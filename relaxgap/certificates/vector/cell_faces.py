r"""The faces of every cell of an arrangement: where a neuron of a cell may be the best of its cell.

A cell is the cone :math:`K_i = \{u : (2D_i-I) X u \ge 0\}`. A hyperplane bounds it where the cell
on the other side exists, which a complete list of patterns knows without arithmetic, and
`relaxgap.certificates.vector.cell_bounds` finds for a cell by itself; a face is where some of those
hyperplanes, at most one less than the rank, are met.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.vector.cell_bounds import bounds_of_cell
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.column_units import column_units
from relaxgap.patterns.counting import cover_count, predicted_count
from relaxgap.patterns.hyperplanes import TOLERANCE, first_parallel
from relaxgap.patterns.pattern_set import PatternSet

MAX_FACES = 3_000_000
"""Faces of all cells up to which they are listed."""
UNCLEAR = 1e-6
"""Part of the largest singular value of unit rows from which on a direction is told."""


@dataclass(frozen=True, slots=True, eq=False)
class FacesOfSize:
    """Hold all faces that meet the same number of hyperplanes.

    Parameters
    ----------
    bases : (k, d, t) float64
        Orthonormal bases of what the hyperplanes' normals span; columns may be zero.
    error : (k,) float64
        How far each may be off by rounding; infinite where a direction is left out that rounding
        does not tell: then it is not known where the face lies, only what it lies in.
    cell : (f,) int
        The cell of every face.
    basis : (f,) int
        Its basis.
    """

    bases: Float64[np.ndarray, "k d t"]
    error: Float64[np.ndarray, " k"]
    cell: Int[np.ndarray, " f"]
    basis: Int[np.ndarray, " f"]


@dataclass(frozen=True, slots=True, eq=False)
class CellFaces:
    """Hold the bounding hyperplanes of every cell, and its faces.

    Parameters
    ----------
    normals : (k, d) float64
        Unit normals of the distinct hyperplanes.
    inward : (P, f) int
        Of every cell the numbers of those that bound it, from 1 on, negative where the cell is on
        the other side; 0 fills up.
    faces : tuple of FacesOfSize
        By the number of hyperplanes met, the whole cell first.
    """

    normals: Float64[np.ndarray, "k d"]
    inward: Int[np.ndarray, "P f"]
    faces: tuple[FacesOfSize, ...]

    @classmethod
    def of(cls, X: Float64[np.ndarray, "N d"], patterns: PatternSet) -> "CellFaces":
        r"""Find them for patterns of the data.

        Raises
        ------
        ConfigurationError
            If they are not all there are, and have more than `MAX_FACES` faces.

        Notes
        -----
        Cost: O(P N) for the bounds, of given cells that many least squares problems in d variables;
        :math:`\sum_t \binom{f}{t}` faces of a cell of f bounds.
        """
        rows, bits = _distinct(X, patterns)
        bounds = _bounding(bits) if patterns.complete else _bounding_each(rows, bits, patterns)
        in_units = unit_rows(rows / column_units(X))
        return cls(rows, _inward(bounds, bits), _faces(rows, in_units, bounds))

    @property
    def n_faces(self) -> int:
        """Number of faces of all cells."""
        return sum(faces.cell.size for faces in self.faces)

    def inner_rows(self, cell: int) -> Float64[np.ndarray, "b d"]:
        """Return the unit rows that are not negative on a cell, one for each of its bounds."""
        inward = self.inward[cell][self.inward[cell] != 0]
        return np.asarray(np.sign(inward)[:, None] * self.normals[np.abs(inward) - 1])

    def slacks(
        self, cell: Int[np.ndarray, " f"], u: Float64[np.ndarray, "f d"]
    ) -> Float64[np.ndarray, "f b"]:
        """Return how far directions are inside of each bound of their cells; NaN where none is."""
        inward = self.inward[cell]
        along = np.einsum("fd,fbd->fb", u, self.normals[np.abs(inward) - (inward != 0)])
        return np.asarray(np.where(inward == 0, np.nan, np.sign(inward) * along))


def _distinct(
    X: Float64[np.ndarray, "N d"], patterns: PatternSet
) -> tuple[Float64[np.ndarray, "k d"], Bool[np.ndarray, "P k"]]:
    """Return one unit row for each hyperplane, and on which side of it every cell is.

    Of cells that are given a hyperplane has a row for each side that rows are on: a gate in it is
    on both.
    """
    kept = np.flatnonzero(np.any(X != 0.0, axis=1))
    in_units = unit_rows(X[kept] / column_units(X))
    first = first_parallel(in_units)
    if not patterns.complete:
        against = np.sum(in_units * in_units[first], axis=1) < 0.0
        _, first = np.unique(2 * first + against, return_index=True)
    first = np.unique(first)
    return unit_rows(X[kept])[first], patterns.patterns[:, kept[first]]


def _bounding(bits: Bool[np.ndarray, "P k"]) -> list[tuple[int, ...]]:
    """Return for each cell the hyperplanes behind which there is another cell."""
    known = {row.tobytes() for row in bits}
    bounds = []
    for row in bits:
        checkpoint()
        found, flipped = [], row.copy()
        for j in range(row.size):
            flipped[j] = not flipped[j]
            if flipped.tobytes() in known:
                found.append(j)
            flipped[j] = not flipped[j]
        bounds.append(tuple(found))
    return bounds


def _bounding_each(
    rows: Float64[np.ndarray, "k d"], bits: Bool[np.ndarray, "P k"], patterns: PatternSet
) -> list[tuple[int, ...]]:
    """Return for each cell its own bounds; raise `ConfigurationError` for too many faces."""
    bounds: list[tuple[int, ...]] = []
    count = 0
    for on, gate in zip(bits, patterns.gates, strict=True):
        bounds.append(bounds_of_cell(np.where(on, 1.0, -1.0)[:, None] * rows, gate))
        count += sum(comb(len(bounds[-1]), size) for size in range(max(min(rows.shape), 1)))
        if count > MAX_FACES:
            raise ConfigurationError(
                f"Expected cells of at most {MAX_FACES} faces together, got {count} faces of the "
                f"first {len(bounds)} of {len(bits)} cells; give fewer patterns, or take the "
                "program gated."
            )
    return bounds


def _inward(bounds: list[tuple[int, ...]], bits: Bool[np.ndarray, "P k"]) -> Int[np.ndarray, "P f"]:
    widest = max(map(len, bounds), default=0)
    inward = np.zeros((len(bounds), widest), dtype=np.int64)
    for cell, found in enumerate(bounds):
        sides = np.where(bits[cell, list(found)], 1, -1)
        inward[cell, : len(found)] = sides * (np.array(found, dtype=np.int64) + 1)
    return inward


def _faces(
    rows: Float64[np.ndarray, "k d"],
    in_units: Float64[np.ndarray, "k d"],
    bounds: list[tuple[int, ...]],
) -> tuple[FacesOfSize, ...]:
    """Return the faces by the number of hyperplanes that they meet.

    Which rows depend on each other is told in units of the columns, as enumeration does.
    """
    every = []
    for size in range(max(min(rows.shape), 1)):
        number: dict[tuple[int, ...], int] = {}
        cells, of = [], []
        for cell, found in enumerate(bounds):
            checkpoint()
            for met in combinations(found, size):
                cells.append(cell)
                of.append(number.setdefault(met, len(number)))
        bases, error = np.zeros((len(number), rows.shape[1], size)), np.zeros(len(number))
        if size and number:
            picked = np.array(list(number))
            bases, error = _spans(rows[picked], in_units[picked])
        faces = FacesOfSize(bases, error, np.array(cells, np.int64), np.array(of, np.int64))
        every.append(faces)
    return tuple(every)


def _spans(
    picked: Float64[np.ndarray, "k t d"], in_units: Float64[np.ndarray, "k t d"]
) -> tuple[Float64[np.ndarray, "k d t"], Float64[np.ndarray, " k"]]:
    """Return orthonormal bases of what rows span, and how far each may be off."""
    left, values, _ = np.linalg.svd(np.swapaxes(picked, 1, 2), full_matrices=False)
    spread = np.linalg.svd(in_units, compute_uv=False)
    # rows that depend on each other span less
    rank = np.sum(spread > TOLERANCE * spread[:, :1], axis=1)
    clear = values > UNCLEAR * values[:, :1]
    found = np.sum(clear, axis=1)
    kept = np.arange(values.shape[1]) < np.minimum(rank, found)[:, None]
    least = np.min(np.where(kept, values, 1.0), axis=1)
    error = 64.0 * EPS * picked.shape[2] / least
    return left * kept[:, None, :], np.where(found < rank, np.inf, error)


def predicted_faces(X: Float64[np.ndarray, "N d"]) -> int:
    """Return how many pairs of a cell and a face data in general position have.

    A face that lies in t hyperplanes belongs to 2^t cells, and there are as many of them as cells
    of the other hyperplanes there.
    """
    count = predicted_count(X)
    n, rank = count.n_hyperplanes, count.rank
    return sum(2**t * comb(n, t) * cover_count(n - t, rank - t) for t in range(max(rank, 1)))
