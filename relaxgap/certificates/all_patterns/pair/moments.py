r"""The best dual point that bounds of pairs prove feasible, as the least loss over moments.

Neurons of one sign with directions :math:`u` and weights that add up to :math:`\rho` have moments
:math:`\mathrm E u`, :math:`U = \mathrm E uu^\top` and :math:`a_i = \mathrm E |x_i^\top u|`, and a
fit :math:`\tfrac12 (X \mathrm E u + a)`. For unit rows their moments obey

.. math:: \begin{pmatrix} \rho & \cdot \\ \mathrm E u & U \end{pmatrix} \succeq 0, \quad
          \mathrm{tr}\, U \le \rho, \quad a_i \ge |x_i^\top \mathrm E u|, \quad
          a_i \ge \|U x_i\|, \quad a_i^2 \le \rho\, x_i^\top U x_i,

and, for any combination of rows :math:`z = x_i - \sum_j c_j x_j`,

.. math:: a_i - \sum_j |c_j| a_j \le \sqrt{\rho\, z^\top U z} .

The least loss plus :math:`\beta (\rho_+ + \rho_-)` over all such moments is below that of every
network, and minus its gradient is the dual point; multipliers of the cones prove its price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.certificates.all_patterns.pair.intervals import Intervals
from relaxgap.certificates.all_patterns.pair.newton import FLOOR, MomentSystem, Reduced
from relaxgap.certificates.all_patterns.spectral.cones import Cones, Point, Scaling
from relaxgap.certificates.all_patterns.spectral.problem import quadratic_forms
from relaxgap.certificates.prices.cones import SIGNS
from relaxgap.problems.losses.base import NewtonLoss

GROWTH = 1.05
"""By how much a step may raise the value."""
SPREAD = 0.05
"""Second moment of every direction to start with, for a weight of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class LossOfMoments:
    r"""Hold a loss of the fit of unit rows, in a unit of its own.

    Parameters
    ----------
    loss : NewtonLoss
        Of the fits.
    y : (n,) float64
        Labels.
    lengths : (n,) float64
        What a fit of 1 is in the units of the labels.
    unit : float
        What a loss of 1 is.
    """

    loss: NewtonLoss
    y: Float64[np.ndarray, " n"]
    lengths: Float64[np.ndarray, " n"]
    unit: float

    def of_rows(self, some: Int[np.ndarray, " m"]) -> "LossOfMoments":
        """Return the loss of some rows."""
        return replace(self, y=self.y[some], lengths=self.lengths[some])

    def value(self, fit: Float64[np.ndarray, " n"]) -> float:
        """Return the loss."""
        return float(self.loss.value(self.lengths * fit, self.y)) / self.unit

    def dual_point(self, fit: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return minus its gradient."""
        nu = self.loss.dual_point(self.lengths * fit, self.y)
        return np.asarray(nu * (self.lengths / self.unit))

    def curvature(self, fit: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return the diagonal of its Hessian."""
        with np.errstate(divide="ignore", over="ignore"):
            nu = self.loss.dual_point(self.lengths * fit, self.y)
            return np.asarray(
                self.lengths**2 / self.unit / self.loss.conjugate_curvature(nu, self.y)
            )


@dataclass(frozen=True, slots=True, eq=False)
class BestMoments:
    r"""Minimise a loss and the weights of the neurons of both signs over their moments.

    Dense variables are, for each sign, the upper triangle of the moment matrix and then, for each
    sign, :math:`a`; local is an upper end of each :math:`a_i - \sum_j |c_j| a_j`.

    Parameters
    ----------
    rows : (n, k) float64
        Unit rows.
    loss : LossOfMoments
        Of the fit.
    combinations, intervals : two of them each
        For each sign.
    vectors, differences : two arrays each
        What the cones need of the combinations.
    """

    rows: Float64[np.ndarray, "n k"]
    loss: LossOfMoments
    combinations: tuple[Combinations, Combinations]
    intervals: tuple[Intervals, Intervals]
    vectors: tuple[Float64[np.ndarray, "_ k"], ...]
    differences: tuple[Float64[np.ndarray, "_ n"], ...]

    @classmethod
    def of(
        cls,
        rows: Float64[np.ndarray, "n k"],
        loss: LossOfMoments,
        combinations: tuple[Combinations, Combinations],
        intervals: tuple[Intervals, Intervals],
    ) -> "BestMoments":
        """Return the problem with what its cones need of the combinations."""
        return cls(
            rows,
            loss,
            combinations,
            intervals,
            tuple(some.vectors(rows) for some in combinations),
            tuple(some.differences() for some in combinations),
        )

    @property
    def n_moments(self) -> int:
        """Entries of the upper triangle of a moment matrix."""
        k = self.rows.shape[1]
        return int((k + 1) * (k + 2) // 2)

    @property
    def degree(self) -> int:
        """Barrier degree."""
        n, k = self.rows.shape
        count = 3 * sum(some.count for some in self.combinations)
        return int(2 * (k + 2 + 4 * n) + count + sum(some.count for some in self.intervals))

    def start(self, weight: float) -> tuple[Point, float]:
        """Return moments inside the cones, given the weight of each sign, and their barrier."""
        n, k = self.rows.shape
        second = weight * min(SPREAD, 0.5 / k)
        moments = np.zeros(self.n_moments)
        moments[self._triangle[0] == self._triangle[1]] = second
        moments[0] = weight
        size = np.full(n, 0.5 * (second + np.sqrt(weight * second)))
        ends = []
        for vectors, differences in zip(self.vectors, self.differences, strict=True):
            least = differences @ size
            squares = second * (vectors * vectors).sum(axis=1) + FLOOR * weight
            most = np.sqrt(weight * squares)
            ends.append(0.5 * (np.maximum(least, -0.9 * most) + most))
        dense = np.concatenate([moments, moments, size, size])
        return Point(dense, np.concatenate(ends)[:, None]), 1.0 / self.degree

    @property
    def _triangle(self) -> tuple[Int[np.ndarray, " D"], Int[np.ndarray, " D"]]:
        return np.triu_indices(self.rows.shape[1] + 1)

    def parts(
        self, point: Point
    ) -> list[
        tuple[Float64[np.ndarray, "K K"], Float64[np.ndarray, " n"], Float64[np.ndarray, " _"]]
    ]:
        """Return, for each sign, moment matrix, absolute moments and ends."""
        found = []
        n, k = self.rows.shape
        for s in range(2):
            moments = np.empty((k + 1, k + 1))
            i, j = self._triangle
            given = point.dense[s * self.n_moments : (s + 1) * self.n_moments]
            moments[i, j] = moments[j, i] = given
            at = 2 * self.n_moments + s * n
            first = self.combinations[0].count
            ends = point.local[:first, 0] if s == 0 else point.local[first:, 0]
            found.append((moments, point.dense[at : at + n], ends))
        return found

    def fit(self, point: Point) -> Float64[np.ndarray, " n"]:
        """Return the fit of the neurons of both signs."""
        fit = np.zeros(len(self.rows))
        for sign, (moments, size, _) in zip(SIGNS, self.parts(point), strict=True):
            fit += 0.5 * sign * (self.rows @ moments[0, 1:] + size)
        return fit

    def dual_point(self, point: Point) -> Float64[np.ndarray, " n"]:
        """Return minus the gradient of the loss."""
        return self.loss.dual_point(self.fit(point))

    def cones(self, point: Point, constant: float) -> list[Cones]:
        """Return the elements of the cones, which are linear in the point."""
        found = []
        for s, (moments, size, ends) in enumerate(self.parts(point)):
            mean = self.rows @ moments[0, 1:]
            squares = quadratic_forms(self.rows, moments[1:, 1:])
            others = quadratic_forms(self.vectors[s], moments[1:, 1:]) + FLOOR * moments[0, 0]
            beside = self.intervals[s]
            below = size[beside.row] - beside.products(self.rows, moments[1:, 1:])
            blocks = np.empty((size.size + ends.size, 2, 2))
            blocks[:, 0, 0] = moments[0, 0]
            blocks[:, 0, 1] = blocks[:, 1, 0] = np.concatenate([size, ends])
            blocks[:, 1, 1] = np.concatenate([squares, others])
            found.append(
                Cones(
                    moments,
                    blocks,
                    np.concatenate([size - mean, ends - self.differences[s] @ size]),
                    size + mean,
                    np.append(below, moments[0, 0] - np.trace(moments[1:, 1:])),
                )
            )
        return found

    def adjoint(self, multipliers: Sequence[Cones]) -> Point:
        """Return the gradient of the multipliers' products with the cones."""
        moments, sizes, ends = [], [], []
        n = len(self.rows)
        i, j = self._triangle
        for s, given in enumerate(multipliers):
            matrix = given.matrix.copy()
            matrix[0, 0] += given.blocks[:, 0, 0].sum() + given.budget[-1]
            matrix[0, 0] += FLOOR * given.blocks[n:, 1, 1].sum()
            matrix[0, 1:] += 0.5 * ((given.right - given.left[:n]) @ self.rows)
            matrix[1:, 1:] += (self.rows.T * given.blocks[:n, 1, 1]) @ self.rows
            beside = self.intervals[s]
            matrix[1:, 1:] -= beside.matrix(self.rows, given.budget[:-1])
            vectors = self.vectors[s]
            matrix[1:, 1:] += (vectors.T * given.blocks[n:, 1, 1]) @ vectors
            matrix[1:, 1:][np.diag_indices(matrix.shape[0] - 1)] -= given.budget[-1]
            moments.append(np.where(i == j, 1.0, 2.0) * matrix[i, j])
            size = 2.0 * given.blocks[:n, 0, 1] + given.left[:n] + given.right
            size += np.bincount(beside.row, given.budget[:-1], n)
            sizes.append(size - given.left[n:] @ self.differences[s])
            ends.append(2.0 * given.blocks[n:, 0, 1] + given.left[n:])
        return Point(np.concatenate([*moments, *sizes]), np.concatenate(ends)[:, None])

    def system(self, point: Point, scalings: Sequence[Scaling]) -> MomentSystem:
        """Return the Newton system."""
        reduced = [
            Reduced.of(pair, self.rows, self.intervals[s], self.vectors[s], self.differences[s])
            for s, pair in enumerate(scalings)
        ]
        return MomentSystem(self.rows, self.loss.curvature(self.fit(point)), reduced)

    def trusts(self, point: Point, moved: Point) -> bool:
        """Whether the value does not grow: where a loss is flat, its model sees no slope ahead."""
        return self.value(moved) <= GROWTH * self.value(point)

    def objective_gradient(self, point: Point) -> Point:
        """Return the gradient of what is maximised, minus the loss and the weights."""
        nu = self.dual_point(point)
        matrix = np.zeros((2, self.n_moments))
        matrix[:, 0] = -1.0
        matrix[:, 1 : self.rows.shape[1] + 1] = 0.5 * np.outer(SIGNS, nu @ self.rows)
        sizes = 0.5 * np.outer(SIGNS, nu)
        return Point(np.concatenate([matrix.ravel(), sizes.ravel()]), np.zeros_like(point.local))

    def value(self, point: Point) -> float:
        """Return the loss and the weights."""
        weights = float(point.dense[0] + point.dense[self.n_moments])
        return self.loss.value(self.fit(point)) + weights
