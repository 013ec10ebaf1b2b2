r"""The largest price of a neuron with several outputs, cell by cell: principal components in cones.

At a dual point :math:`R` a neuron of the cell :math:`K_i` costs more than it gains as long as

.. math:: \max_{u \in K_i, \|u\| = 1} \|M_i^\top u\| \le \beta,
          \qquad M_i = X^\top D_i S^\top R \in \mathbb{R}^{d \times q} .

A maximiser lies inside of one face of the cone, and is there a local maximum of a quadratic form on
a sphere, which has no local maxima but its leading eigenvectors. So the largest eigenvalue of every
face counts whose eigenvector lies in the cone. A face is left out only if its eigenvector is
outside by more than rounding can move it: what is left is an upper bound, rounding included.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.vector.cell_faces import CellFaces, FacesOfSize
from relaxgap.certificates.vector.free_prices import (
    all_moments,
    largest_singular_values,
    moment_rounding,
)
from relaxgap.certificates.vector.leading_directions import (
    CLEAR,
    INSIDE,
    UnclearFace,
    meets,
    size_doubt,
    span_error,
)
from relaxgap.numerics.clock import checkpoint
from relaxgap.patterns.pattern_set import PatternSet

FACES_AT_ONCE = 1 << 16
NEARLY_INSIDE = 1e-9
"""How far outside of its cell a neuron may be that is named, where its face is off by as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Hold the best neuron of cells: unit directions in their cones, and their prices.

    Parameters
    ----------
    cell : (k,) int
        Cell of each, no two alike, by falling price.
    u : (k, d) float64
        Directions.
    price : (k,) float64
        What each attains.
    """

    cell: Int[np.ndarray, " k"]
    u: Float64[np.ndarray, "k d"]
    price: Float64[np.ndarray, " k"]


@dataclass(frozen=True, slots=True, eq=False)
class VectorPrices:
    """Hold an upper bound of the price over all neurons, and the best neuron of each cell.

    Parameters
    ----------
    bounds : (P,) float64
        Of every cell, rounding included.
    best : Candidates
        Of the cells whose bound was above the threshold.
    """

    bounds: Float64[np.ndarray, " P"]
    best: Candidates

    @property
    def largest(self) -> float:
        """An upper bound of every price."""
        return float(self.bounds.max(initial=0.0))


@runtime_checkable
class VectorPricing(Protocol):
    """Bound the price of all neurons at a dual point, and name some of large price."""

    def __call__(self, spread: Float64[np.ndarray, "N q"], threshold: float) -> VectorPrices:
        """Return bounds, and neurons whose price is above the threshold."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ConePrices:
    """Price all cells of one data matrix, at one dual point after another.

    Parameters
    ----------
    X : (N, d) float64
        Rows.
    patterns : PatternSet
        All patterns.
    faces : CellFaces
        Of these.
    """

    X: Float64[np.ndarray, "N d"]
    patterns: PatternSet
    faces: CellFaces

    @classmethod
    def of(cls, X: Float64[np.ndarray, "N d"], patterns: PatternSet) -> "ConePrices":
        """Find the faces of all cells."""
        return cls(X, patterns, CellFaces.of(X, patterns))

    def __call__(self, spread: Float64[np.ndarray, "N q"], threshold: float) -> VectorPrices:
        """Bound every price, exactly as far as it exceeds the threshold.

        Parameters
        ----------
        spread : (N, q) float64
            The dual point, for every row that of its sample.
        threshold : float
            A cell whose free price, over all directions, is below it is bounded by that.
        """
        moments = all_moments(self.X, self.patterns, spread)
        room = moment_rounding(self.X, spread)
        free = largest_singular_values(moments)
        bounds = free.copy()
        doubtful = np.flatnonzero(free + room > threshold)
        found = _Refined(doubtful, self.X.shape[1], threshold)
        chosen = np.zeros(free.size, dtype=np.bool_)
        chosen[doubtful] = True
        place = np.cumsum(chosen) - 1
        for faces in self.faces.faces:
            some = np.flatnonzero(chosen[faces.cell])
            for start in range(0, some.size, FACES_AT_ONCE):
                checkpoint()
                at = some[start : start + FACES_AT_ONCE]
                found.take(self.faces, faces, at, place, moments)
        found.settle(self.faces)
        bounds[doubtful] = np.minimum(found.bound, free[doubtful])
        bounds = bounds * (1.0 + 1e-13) + room
        bounds = with_merged_cells(bounds, self.X, self.patterns, spread)
        order = np.argsort(-found.price, kind="stable")
        order = order[found.price[order] > 0.0]
        best = Candidates(doubtful[order], found.u[order], found.price[order])
        return VectorPrices(bounds, best)


class _Refined:
    """What is known of some cells, face by face."""

    def __init__(self, cells: Int[np.ndarray, " k"], d: int, threshold: float) -> None:
        self.bound = np.zeros(cells.size)
        self.price = np.zeros(cells.size)
        self.u = np.zeros((cells.size, d))
        self.threshold = threshold * (1.0 + 1e-11)
        self.unclear: list[UnclearFace] = []

    def take(
        self,
        every: CellFaces,
        faces: FacesOfSize,
        at: Int[np.ndarray, " f"],
        place: Int[np.ndarray, " P"],
        moments: Float64[np.ndarray, "P d q"],
    ) -> None:
        """Take in the leading directions of some faces."""
        cell, of = faces.cell[at], place[faces.cell[at]]
        moment = _within(moments[cell], faces.bases[faces.basis[at]])
        left, sizes, _ = np.linalg.svd(moment, full_matrices=False)
        u = np.ascontiguousarray(left[:, :, 0])
        lengths, off = np.linalg.norm(moments[cell], axis=(1, 2)), faces.error[faces.basis[at]]
        told = np.isfinite(off)
        # a basis that is off by so much takes at most so much of a moment away
        values = sizes[:, 0] + np.where(told, off, 0.0) * lengths
        doubt = size_doubt(moment.shape[1:], lengths)
        error = span_error(sizes, doubt, 1) + np.where(told, off, 0.0)
        slack = every.slacks(cell, u)
        # what the face meets is met up to rounding
        slack = np.where(np.abs(slack) <= INSIDE, 0.0, slack)
        low = np.fmin.reduce(slack, axis=1, initial=1.0)
        high = -np.fmax.reduce(slack, axis=1, initial=-1.0)
        possible = (np.maximum(low, high) >= -error) | ~told
        unclear = possible & told & (error > CLEAR) & (values > self.threshold)
        self.unclear += [
            UnclearFace(
                place=int(of[f]),
                cell=int(cell[f]),
                bound=float(values[f]),
                moment=moment[f],
                left=left[f],
                sizes=sizes[f],
                doubt=float(doubt[f] + off[f] * lengths[f]),
            )
            for f in np.flatnonzero(unclear)
        ]
        possible &= ~unclear
        np.maximum.at(self.bound, of[possible], values[possible])
        # a neuron that rounding puts outside is one all the same, of nearly this price
        room = np.minimum(INSIDE + np.where(told, off, 0.0), NEARLY_INSIDE)
        inside = np.flatnonzero((np.maximum(low, high) >= -room) & told)
        for f in inside[np.argsort(sizes[inside, 0], kind="stable")]:
            self._offer(int(of[f]), float(sizes[f, 0]), u[f] if low[f] >= high[f] else -u[f])

    def settle(self, every: CellFaces) -> None:
        """Look at unclear faces as far as they would raise the largest price that is attained."""
        for face in sorted(self.unclear, key=lambda face: -face.bound):
            checkpoint()
            if face.bound > self.price.max(initial=0.0) * (1.0 + 1e-12):
                is_met, u = meets(face, every.inner_rows(face.cell))
                if u is not None:
                    self._offer(face.place, float(np.linalg.norm(face.moment.T @ u)), u)
                if not is_met:
                    continue
            self.bound[face.place] = max(self.bound[face.place], face.bound)

    def _offer(self, cell: int, price: float, u: Float64[np.ndarray, " d"]) -> None:
        if price > self.price[cell]:
            self.price[cell], self.u[cell] = price, u


def with_merged_cells(
    bounds: Float64[np.ndarray, " P"],
    X: Float64[np.ndarray, "N d"],
    patterns: PatternSet,
    spread: Float64[np.ndarray, "N q"],
) -> Float64[np.ndarray, " P"]:
    """Let bounds of listed cells hold for those too that rounding merged into them.

    From a merged cell to the one it was merged into the price changes by at most the summand, and
    the direction found there is so much longer than 1.
    """
    if patterns.shift is None:
        return bounds
    change = float(np.abs(spread).sum(axis=1) @ (np.abs(X) @ patterns.shift))
    longer = 1.0 + float(np.linalg.norm(patterns.shift))
    return np.asarray((bounds * longer + change) * (1.0 + 1e-12))


def _within(
    moment: Float64[np.ndarray, "f d q"], basis: Float64[np.ndarray, "f d t"]
) -> Float64[np.ndarray, "f d q"]:
    """Take away what a face does not see: the normals of the hyperplanes that it lies in."""
    if basis.shape[2] == 0:
        return moment
    return np.asarray(moment - basis @ (np.swapaxes(basis, 1, 2) @ moment))
