r"""One Newton system of the lifted relaxation's interior-point method.

The large matrix cone is scaled as in HKM, the 2 x 2 blocks as in Nesterov and Todd. What only one
sample sees is eliminated by an orthogonal factorisation of its weighted equations: a Schur
complement formed as a difference would cancel near the optimum. Left is one dense positive
definite system in the weights, the slopes and the corners.

References
----------
Helmberg, Rendl, Vanderbei & Wolkowicz (1996), An interior-point method for semidefinite
programming; Nesterov & Todd (1997), Self-scaled barriers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.spectral.cones import Point, Scaling
from relaxgap.certificates.all_patterns.spectral.factorisation import ScaledFactor
from relaxgap.certificates.all_patterns.spectral.problem import Equations, LiftedProblem


class _Eliminated(NamedTuple):
    """Hold how the local variables of consecutive samples follow from the dense ones."""

    samples: slice
    inverse: Float64[np.ndarray, "g q q"]
    coupling: Float64[np.ndarray, "g q D"]
    positions: Int[np.ndarray, "g D"]


class NewtonSystem:
    r"""Factorise the Newton system at one pair of slacks and multipliers.

    With the local variables of a sample eliminated, :math:`H` of the cones but the budgets and
    :math:`b_s` the scaled gradient of the budget of sign :math:`s`, the system is

    .. math:: H + \sum_s b_s b_s^\top, \qquad
              (H + B B^\top)^{-1} = H^{-1} - H^{-1} B (I + B^\top H^{-1} B)^{-1} B^\top H^{-1} .

    Notes
    -----
    Cost for N dense variables and S signs: one Cholesky factorisation of size N and 2 S products
    of O(n^2 k). Memory: that one matrix and four of n x n.

    Raises
    ------
    numpy.linalg.LinAlgError
        If no small ridge makes the system positive definite.
    """

    def __init__(self, problem: LiftedProblem, scalings: Sequence[Scaling]) -> None:
        equations = problem.equations(scalings)
        rows, n_signs = problem.rows, len(scalings)
        per_sign = sum(len(rows[part]) for part in (problem.weighted, problem.sloped))
        matrix = np.zeros(((per_sign + 1) * n_signs,) * 2)
        for s, pair in enumerate(scalings):
            _add_matrix_cone(matrix, problem, s, n_signs, pair)
        self.eliminated = [_eliminate(matrix, part) for part in equations]
        self.factor = ScaledFactor(matrix)
        self.budgets: list[tuple[Point, Point]] = []
        for gradient, pair in zip(problem.budget_gradients(), scalings, strict=False):
            size = float(np.sqrt(pair.multiplier.budget[0] / pair.slack.budget[0]))
            gradient = Point(size * gradient.dense, size * gradient.local)
            self.budgets.append((gradient, self._solve(gradient)))
        products = [[a.inner(solved) for _, solved in self.budgets] for a, _ in self.budgets]
        count = len(self.budgets)
        self.capacity = np.eye(count) + np.array(products).reshape(count, count)

    def solve(self, gradient: Point) -> Point:
        """Return the step whose image under the system is ``gradient``."""
        step = self._solve(gradient)
        if self.budgets:
            products = np.array([budget.inner(step) for budget, _ in self.budgets])
            shares = np.linalg.solve(self.capacity, products)
            for share, (_, solved) in zip(shares, self.budgets, strict=True):
                step = step.moved(solved, -float(share))
        return step

    def _solve(self, gradient: Point) -> Point:
        right = gradient.dense.copy()
        for part in self.eliminated:
            given = gradient.local[part.samples, : part.inverse.shape[1]]
            # every dense variable belongs to one sample
            right[part.positions] -= np.einsum("iab,ia->ib", part.coupling, given)
        dense = self.factor.solve(right)
        local = np.zeros_like(gradient.local)
        for part in self.eliminated:
            given = gradient.local[part.samples, : part.inverse.shape[1]]
            own = np.einsum("iab,icb,ic->ia", part.inverse, part.inverse, given)
            own -= np.einsum("iab,ib->ia", part.coupling, dense[part.positions])
            local[part.samples, : part.inverse.shape[1]] = own
        return Point(dense, local)


def _eliminate(matrix: Float64[np.ndarray, "N N"], equations: Equations) -> _Eliminated:
    r"""Reduce each sample's equations to its dense variables and add them to the matrix.

    With the weighted equations :math:`Q (R_{ll}\, x_l + R_{ld}\, x_d)` above :math:`R_{dd}\, x_d`,
    what is left of their squares is :math:`R_{dd}^\top R_{dd}`, which no difference cancels in.
    """
    weights, positions = equations.weights, equations.positions
    count, n_local = positions.shape[0], weights.shape[2] - positions.shape[1]
    # Householder's method is stable row by row once the large rows come first
    order = np.argsort(-np.abs(weights).max(axis=2), axis=1)
    triangle = np.asarray(np.linalg.qr(np.take_along_axis(weights, order[:, :, None], 1), mode="r"))
    inverse = np.linalg.inv(triangle[:, :n_local, :n_local])
    rest = triangle[:, n_local:, n_local:]
    matrix[positions[:, :, None], positions[:, None, :]] += rest.swapaxes(1, 2) @ rest
    return _Eliminated(
        slice(equations.first, equations.first + count),
        inverse,
        inverse @ triangle[:, :n_local, n_local:],
        positions,
    )


def _add_matrix_cone(
    matrix: Float64[np.ndarray, "N N"],
    problem: LiftedProblem,
    s: int,
    n_signs: int,
    pair: Scaling,
) -> None:
    r"""Add :math:`\mathrm{tr}(A_i Y^{-1} A_j Z)` for the weights, the slopes and the corner."""
    rows, weighted, sloped = problem.rows, problem.weighted, problem.sloped
    per_sign = len(rows[weighted]) + len(rows[sloped])
    start, corner = s * per_sign, n_signs * per_sign + s
    weights = slice(start, start + len(rows[weighted]))
    slopes = slice(weights.stop, start + per_sign)
    inverse, multiplier = pair.inverse.matrix, pair.multiplier.matrix
    inner = (rows @ inverse[1:, 1:]) @ rows.T
    lifted = rows @ pair.multiplier_factor[1:]
    outer = lifted @ lifted.T
    p, q = rows @ inverse[1:, 0], rows @ multiplier[1:, 0]
    np.multiply(inner[weighted, weighted], outer[weighted, weighted], out=matrix[weights, weights])
    block = matrix[weights, slopes]
    np.multiply(p[weighted, None], outer[weighted, sloped], out=block)
    block += inner[weighted, sloped] * q[weighted, None]
    block *= -0.5
    matrix[slopes, weights] = block.T
    block = matrix[slopes, slopes]
    np.multiply(inner[sloped, sloped], 0.25 * multiplier[0, 0], out=block)
    block += outer[sloped, sloped] * (0.25 * inverse[0, 0])
    crossed = np.multiply.outer(0.25 * p[sloped], q[sloped])
    block += crossed
    block += crossed.T
    matrix[weights, corner] = matrix[corner, weights] = -p[weighted] * q[weighted]
    mixed = 0.5 * (p[sloped] * multiplier[0, 0] + inverse[0, 0] * q[sloped])
    matrix[slopes, corner] = matrix[corner, slopes] = mixed
    matrix[corner, corner] = inverse[0, 0] * multiplier[0, 0]
