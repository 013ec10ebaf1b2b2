"""The least spectral bound of one dual point: Shor's relaxation of its dual constraint."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.spectral.cones import Cones, Point, Scaling
from relaxgap.certificates.all_patterns.spectral.newton import NewtonSystem
from relaxgap.certificates.all_patterns.spectral.path import solve_lifted
from relaxgap.certificates.all_patterns.spectral.price_bound import (
    SpectralMultipliers,
    spectral_price_bound,
)
from relaxgap.certificates.all_patterns.spectral.problem import (
    Equations,
    block_equations,
    lifted_blocks,
    lifted_matrix,
    quadratic_forms,
)
from relaxgap.certificates.all_patterns.spectral.rows import (
    binary_rows,
    reduced_rows,
    starting_weight,
)
from relaxgap.numerics.clock import NEVER, Deadline

NEGLIGIBLE = 1e-12
MAX_NEGATIVE = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class SpectralPrice:
    """Hold an upper bound of the dual constraint, rounding included, and what proves it."""

    price_bound: float
    multipliers: SpectralMultipliers


def spectral_price(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    max_iterations: int = 50,
    rtol: float = 1e-3,
    deadline: Deadline = NEVER,
) -> SpectralPrice:
    r"""Bound :math:`\max_{\|u\| \le 1} \nu^\top (Xu)_+` by its Shor relaxation.

    Parameters
    ----------
    X : (n, d) float64
        Data, of any rank and scale; zero rows are allowed.
    nu : (n,) float64
        Dual point of any signs.
    max_iterations : int
        Most Newton steps; the bound holds after any number, 0 included.
    rtol : float
        Relative distance to the least such bound at which to stop.
    deadline : Deadline
        When to stop.

    Notes
    -----
    Cost: about 15 Newton steps, each one Cholesky factorisation of size n and O(n^2 d).
    """
    multipliers = SpectralMultipliers(np.zeros_like(nu), np.zeros_like(nu))
    if not (np.all(np.isfinite(X)) and np.all(np.isfinite(nu))):
        return SpectralPrice(inf, multipliers)
    kept, rows, powers = binary_rows(X)
    if not np.any(nu[kept] > 0.0):
        return SpectralPrice(0.0, multipliers)
    lengths = np.linalg.norm(rows, axis=1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        fractions, exponents = np.frexp(nu[kept])
        exponents = np.where(fractions != 0.0, exponents + powers, np.iinfo(np.int32).min // 2)
        sizes = np.ldexp(fractions, exponents - exponents[fractions > 0.0].max()) * lengths
    # a smaller negative entry is a valid stand-in: all that it loses is room for its slope
    largest = float(sizes.max())
    held = np.maximum(sizes, -MAX_NEGATIVE * largest)
    heavy = np.flatnonzero(np.abs(held) > NEGLIGIBLE * largest)
    units, _ = reduced_rows(rows[heavy] / lengths[heavy, None])
    weights, shares = _minimise(units, held[heavy], max_iterations, rtol, deadline)
    multipliers.weights[kept[heavy]] = weights
    multipliers.slopes[kept[heavy]] = shares * (held[heavy] / sizes[heavy]) * nu[kept[heavy]]
    bound = spectral_price_bound(X, nu, multipliers)
    return SpectralPrice(bound, multipliers)


def _minimise(
    rows: Float64[np.ndarray, "n k"],
    nu: Float64[np.ndarray, " n"],
    max_iterations: int,
    rtol: float,
    deadline: Deadline,
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Return weights, and slopes over ``nu``, near the least bound; ``nu`` has no zeros."""
    positive = nu > 0.0
    order = np.argsort(~positive, kind="stable")
    problem = LeastPriceBound(rows[order], nu[order], int(np.count_nonzero(positive)))
    start, barrier = problem.start(starting_weight(rows[positive]))
    # the bound is twice a square root, hence half as sensitive as what is minimised
    solution = solve_lifted(problem, start, barrier, max_iterations, 2.0 * rtol, deadline)
    weights, shares = np.zeros_like(nu), np.full_like(nu, 0.5)
    weights[order[problem.weighted]] = solution.point.dense[problem.weighted]
    shares[order[problem.sloped]] = (
        solution.point.dense[problem.sloped] / problem.nu[problem.sloped]
    )
    return weights, shares


@dataclass(frozen=True, slots=True, eq=False)
class LeastPriceBound:
    r"""Minimise :math:`t + \sum_i \tau_i` for one dual point, the positive entries first.

    A positive entry has a weight and a share, its slope and modulus being :math:`\nu_i / 2`; the
    other entries have a slope in :math:`[\nu_i, 0]`. The shares are local.

    Parameters
    ----------
    rows : (n, k) float64
        Unit rows, those of the positive entries first.
    nu : (n,) float64
        First the positive, then the negative entries.
    n_positive : int
        How many are positive.
    """

    rows: Float64[np.ndarray, "n k"]
    nu: Float64[np.ndarray, " n"]
    n_positive: int

    @property
    def weighted(self) -> slice:
        """Rows of the positive entries."""
        return slice(0, self.n_positive)

    @property
    def sloped(self) -> slice:
        """Rows of the negative entries."""
        return slice(self.n_positive, self.nu.size)

    @property
    def degree(self) -> int:
        """Barrier degree."""
        return int(self.rows.shape[1]) + 1 + 2 * self.nu.size

    def start(self, weight: float) -> tuple[Point, float]:
        """Return a point inside the cones, given a weight all rows may have, and its barrier."""
        least = (0.5 * self.nu[self.weighted]) ** 2 / (4.0 * weight)
        edge = 0.5 * self.nu @ self.rows
        heavy = self.rows[self.weighted]
        matrix = np.eye(edge.size) - weight * (heavy.T @ heavy)
        corner = 0.25 * float(edge @ np.linalg.solve(matrix, edge))
        # on the central path the multipliers of corner and shares are all one
        slack = (corner + float(least.sum())) / self.degree
        shares = np.zeros((self.nu.size, 1))
        shares[self.weighted, 0] = least + slack
        dense = np.full(self.n_positive, weight), 0.5 * self.nu[self.sloped], [corner + slack]
        return Point(np.concatenate(dense), shares), slack

    def cones(self, point: Point, constant: float) -> list[Cones]:
        """Return the elements of the cones."""
        weights, slopes = point.dense[self.weighted], point.dense[self.sloped]
        modulus = 0.5 * constant * self.nu[self.weighted]
        edge = modulus @ self.rows[self.weighted] + slopes @ self.rows[self.sloped]
        corner = float(point.dense[-1])
        return [
            Cones(
                lifted_matrix(self.rows[self.weighted], weights, corner, edge, constant),
                lifted_blocks(point.local[self.weighted, 0], modulus, weights),
                -slopes,
                slopes - constant * self.nu[self.sloped],
                np.empty(0),
            )
        ]

    def adjoint(self, multipliers: Sequence[Cones]) -> Point:
        """Return the gradient of the multipliers' products with the cones."""
        (given,) = multipliers
        local = np.zeros((self.nu.size, 1))
        local[self.weighted, 0] = given.blocks[:, 0, 0]
        weights = quadratic_forms(self.rows[self.weighted], given.matrix[1:, 1:])
        slopes = self.rows[self.sloped] @ given.matrix[1:, 0]
        return Point(
            np.concatenate(
                [
                    given.blocks[:, 1, 1] - weights,
                    slopes - given.left + given.right,
                    given.matrix[:1, 0],
                ]
            ),
            local,
        )

    def system(self, point: Point, scalings: Sequence[Scaling]) -> NewtonSystem:
        """Return the Newton system, which is the same at every point."""
        return NewtonSystem(self, scalings)

    def trusts(self, point: Point, moved: Point) -> bool:
        """Return True: the objective is its own model."""
        return True

    def equations(self, scalings: Sequence[Scaling]) -> list[Equations]:
        """Return the part of the Newton system that couples no two samples."""
        (pair,) = scalings
        places = np.arange(self.nu.size)[:, None]
        squares = sum(
            m / s
            for m, s in (
                (pair.multiplier.left, pair.slack.left),
                (pair.multiplier.right, pair.slack.right),
            )
        )
        return [
            Equations(0, block_equations(pair.root)[:, :, [0, 2]], places[self.weighted]),
            Equations(self.n_positive, np.sqrt(squares)[:, None, None], places[self.sloped]),
        ]

    def budget_gradients(self) -> list[Point]:
        """Return nothing: the bound is not limited."""
        return []

    def objective_gradient(self, point: Point) -> Point:
        """Return the gradient of what is maximised, the negative of the bound."""
        dense, local = np.zeros_like(point.dense), np.zeros_like(point.local)
        dense[-1] = -1.0
        local[self.weighted] = -1.0
        return Point(dense, local)

    def value(self, point: Point) -> float:
        """Return the square of half the bound."""
        return float(point.dense[-1] + point.local[self.weighted].sum())
