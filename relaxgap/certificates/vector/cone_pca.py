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
from scipy.optimize import linprog

from relaxgap.certificates.vector.cell_faces import CellFaces, FacesOfSize
from relaxgap.certificates.vector.free_prices import (
    all_moments,
    largest_singular_values,
    moment_rounding,
)
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns.pattern_set import PatternSet

FACES_AT_ONCE = 1 << 16
INSIDE = 1e-12
"""How far outside a unit direction may be that is offered as one of its cone."""
CLEAR, LP_ROOM = 1e-6, 1e-8
"""Largest doubt of a direction that singles it out, and room for a linear program's tolerance."""


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
        bounds[doubtful] = np.minimum(found.bound, free[doubtful])
        bounds = bounds * (1.0 + 1e-13) + room
        shift = self.patterns.shift
        if shift is not None:
            # a cell that rounding merged: see `_with_merged_cells` of the scalar prices
            change = float(np.abs(spread).sum(axis=1) @ (np.abs(self.X) @ shift))
            bounds = (bounds * (1.0 + float(np.linalg.norm(shift))) + change) * (1.0 + 1e-12)
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
        self.threshold = threshold

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
        values, u = sizes[:, 0], np.ascontiguousarray(left[:, :, 0])
        doubt = _doubt(moment.shape[1:], np.linalg.norm(moments[cell], axis=(1, 2)))
        error = _error(sizes, doubt, 1)
        slack = every.slacks(cell, u)
        # what the face meets is met up to rounding
        slack = np.where(np.abs(slack) <= INSIDE, 0.0, slack)
        low = np.fmin.reduce(slack, axis=1, initial=1.0)
        high = -np.fmax.reduce(slack, axis=1, initial=-1.0)
        possible = np.maximum(low, high) >= -error
        unclear = possible & (error > CLEAR) & (values > self.threshold)
        for f in np.flatnonzero(unclear):
            rows = every.inner_rows(int(cell[f]))
            met, direction = _met(left[f], sizes[f], float(doubt[f]), rows)
            possible[f] = met
            if direction is not None:
                self._offer(int(of[f]), float(np.linalg.norm(moment[f].T @ direction)), direction)
        np.maximum.at(self.bound, of[possible], values[possible])
        inside = np.flatnonzero(np.maximum(low, high) >= -INSIDE)
        for f in inside[np.argsort(values[inside], kind="stable")]:
            self._offer(int(of[f]), float(values[f]), u[f] if low[f] >= high[f] else -u[f])

    def _offer(self, cell: int, price: float, u: Float64[np.ndarray, " d"]) -> None:
        if price > self.price[cell]:
            self.price[cell], self.u[cell] = price, u


def _met(
    left: Float64[np.ndarray, "d k"],
    sizes: Float64[np.ndarray, " k"],
    doubt: float,
    rows: Float64[np.ndarray, "b d"],
) -> tuple[bool, Float64[np.ndarray, " d"] | None]:
    """Say whether the space of nearly equal leading directions may meet a cone, and where it does.

    Of equal singular values no direction is singled out: all of their span are leading ones.
    """
    for k in range(2, sizes.size + 1):
        error = float(_error(sizes[None], np.array([doubt]), k)[0])
        if error <= CLEAR:
            break
    else:
        return True, None
    span = left[:, :k]
    along = rows @ span
    best, found = -np.inf, np.zeros(k)
    for i in range(k):
        for side in (1.0, -1.0):
            # the largest t with A c >= t, c in a face of the unit box
            bounds: list[tuple[float | None, float]] = [*[(-1.0, 1.0)] * k, (None, 1.0)]
            bounds[i] = (side, side)
            constraint = np.hstack([-along, np.ones((len(along), 1))])
            solved = linprog(
                np.append(np.zeros(k), -1.0), constraint, np.zeros(len(along)), bounds=bounds
            )
            if solved.x is not None and solved.x[k] > best:
                best, found = float(solved.x[k]), np.asarray(solved.x[:k])
    if best < -(error * np.sqrt(k) + LP_ROOM):
        return False, None
    u = span @ (found / np.linalg.norm(found))
    inside = bool(np.all(rows @ u >= -INSIDE))
    return True, u if inside else None


def _within(
    moment: Float64[np.ndarray, "f d q"], basis: Float64[np.ndarray, "f d t"]
) -> Float64[np.ndarray, "f d q"]:
    """Take away what a face does not see: the normals of the hyperplanes that it lies in."""
    if basis.shape[2] == 0:
        return moment
    return np.asarray(moment - basis @ (np.swapaxes(basis, 1, 2) @ moment))


def _doubt(shape: tuple[int, ...], sizes: Float64[np.ndarray, " f"]) -> Float64[np.ndarray, " f"]:
    """Return how far singular values may be off by rounding."""
    return np.asarray(64.0 * EPS * sum(shape) * sizes)


def _error(
    sizes: Float64[np.ndarray, "f k"], doubt: Float64[np.ndarray, " f"], count: int
) -> Float64[np.ndarray, " f"]:
    """Return how far the span of the leading singular vectors may be off.

    By Wedin a perturbation of a few units of rounding moves it by its ratio to the distance of
    their values from the next.
    """
    following = sizes[:, count] if count < sizes.shape[1] else np.zeros(len(sizes))
    distance = sizes[:, count - 1] - following
    error = np.divide(doubt, distance, out=np.full_like(doubt, np.inf), where=distance > 0.0)
    return np.asarray(error + INSIDE)
