"""The best dual point that spectral bounds prove feasible, as a lifted problem."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.spectral.cones import Cones, Point, Scaling
from relaxgap.certificates.all_patterns.spectral.newton import NewtonSystem
from relaxgap.certificates.all_patterns.spectral.problem import (
    Equations,
    block_equations,
    lifted_blocks,
    lifted_matrix,
    quadratic_forms,
)
from relaxgap.certificates.prices.cones import SIGNS


@dataclass(frozen=True, slots=True, eq=False)
class BestDualPoint:
    r"""Maximise :math:`b^\top \nu - \tfrac12 \nu^\top C \nu` with both signs' bounds at most 2.

    The inequalities are :math:`\kappa \ge e`, :math:`\kappa \ge s\nu - e` and
    :math:`t + \sum_i \tau_i \le 1`, for :math:`s = \pm 1`. Local are :math:`\nu_i` and, for each
    sign, modulus and share.

    Parameters
    ----------
    rows : (n, k) float64
        Unit rows.
    linear : (n,) float64
        :math:`b`.
    curvature : (n,) float64
        The diagonal of :math:`C`, positive.
    """

    rows: Float64[np.ndarray, "n k"]
    linear: Float64[np.ndarray, " n"]
    curvature: Float64[np.ndarray, " n"]

    @property
    def weighted(self) -> slice:
        """All rows."""
        return slice(0, self.linear.size)

    @property
    def sloped(self) -> slice:
        """All rows."""
        return slice(0, self.linear.size)

    @property
    def degree(self) -> int:
        """Barrier degree."""
        return 2 * (int(self.rows.shape[1]) + 2 + 4 * self.linear.size)

    def start(self, weight: float) -> tuple[Point, float]:
        """Return a point inside the cones, given a weight all rows may have, and its barrier."""
        n = self.linear.size
        share = 0.4 / n
        local = np.zeros((n, 5))
        local[:, 1::2] = np.sqrt(2.0 * share * weight)
        local[:, 2::2] = share
        weights_and_slopes = [np.full(n, weight), np.zeros(n)]
        dense = np.concatenate([*weights_and_slopes * 2, [0.3, 0.3]])
        return Point(dense, local), 0.5 / self.degree

    def weights_and_slopes(self, point: Point) -> Float64[np.ndarray, "2 2 n"]:
        """Return, for each sign, the weights and the slopes."""
        return point.dense[:-2].reshape(2, 2, self.linear.size)

    def cones(self, point: Point, constant: float) -> list[Cones]:
        """Return the elements of the cones."""
        nu, found = point.local[:, 0], []
        for s, (sign, (weights, slopes)) in enumerate(
            zip(SIGNS, self.weights_and_slopes(point), strict=True)
        ):
            corner, (modulus, share) = float(point.dense[s - 2]), point.local.T[2 * s + 1 :][:2]
            found.append(
                Cones(
                    lifted_matrix(self.rows, weights, corner, slopes @ self.rows, constant),
                    lifted_blocks(share, modulus, weights),
                    modulus - slopes,
                    modulus - sign * nu + slopes,
                    np.array([constant - corner - share.sum()]),
                )
            )
        return found

    def adjoint(self, multipliers: Sequence[Cones]) -> Point:
        """Return the gradient of the multipliers' products with the cones."""
        local = np.zeros((self.linear.size, 5))
        dense, corners = [], []
        for s, (sign, given) in enumerate(zip(SIGNS, multipliers, strict=True)):
            dense.append(given.blocks[:, 1, 1] - quadratic_forms(self.rows, given.matrix[1:, 1:]))
            dense.append(self.rows @ given.matrix[1:, 0] - given.left + given.right)
            corners.append(given.matrix[:1, 0] - given.budget)
            local[:, 0] -= sign * given.right
            local[:, 2 * s + 1] = given.blocks[:, 0, 1] + given.left + given.right
            local[:, 2 * s + 2] = given.blocks[:, 0, 0] - given.budget
        return Point(np.concatenate([*dense, *corners]), local)

    def system(self, point: Point, scalings: Sequence[Scaling]) -> NewtonSystem:
        """Return the Newton system, which is the same at every point."""
        return NewtonSystem(self, scalings)

    def trusts(self, point: Point, moved: Point) -> bool:
        """Return True: the objective is its own model."""
        return True

    def equations(self, scalings: Sequence[Scaling]) -> list[Equations]:
        """Return the part of the Newton system that couples no two samples, budgets excepted."""
        n = self.linear.size
        weights = np.zeros((n, 11, 9))
        weights[:, 0, 0] = np.sqrt(self.curvature)
        for s, (sign, pair) in enumerate(zip(SIGNS, scalings, strict=True)):
            modulus, share, weight, slope = 2 * s + 1, 2 * s + 2, 2 * s + 5, 2 * s + 6
            left = np.sqrt(pair.multiplier.left / pair.slack.left)
            right = np.sqrt(pair.multiplier.right / pair.slack.right)
            own = weights[:, 5 * s + 1 : 5 * s + 6]
            own[:, 0, modulus], own[:, 0, slope] = left, -left
            own[:, 1, modulus], own[:, 1, slope], own[:, 1, 0] = right, right, -sign * right
            own[:, 2:, [share, modulus, weight]] = block_equations(pair.root)
        return [Equations(0, weights, np.arange(4 * n).reshape(4, n).T)]

    def budget_gradients(self) -> list[Point]:
        """Return the gradient of each sign's budget."""
        n, found = self.linear.size, []
        for s in range(2):
            gradient = Point(np.zeros(4 * n + 2), np.zeros((n, 5)))
            gradient.dense[s - 2] = -1.0
            gradient.local[:, 2 * s + 2] = -1.0
            found.append(gradient)
        return found

    def objective_gradient(self, point: Point) -> Point:
        """Return the gradient of the dual objective."""
        local = np.zeros_like(point.local)
        local[:, 0] = self.linear - self.curvature * point.local[:, 0]
        return Point(np.zeros_like(point.dense), local)

    def value(self, point: Point) -> float:
        """Return the dual objective."""
        nu = point.local[:, 0]
        return float(self.linear @ nu - 0.5 * nu @ (self.curvature * nu))
