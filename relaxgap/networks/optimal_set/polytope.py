r"""The polytope :math:`\{c \ge 0 : A c = A c_0\}` of computed columns, as the numbers show it.

What is found here is a network whose loss says how good it is; that nothing else exists is the
matter of `relaxgap.networks.optimal_set.outer_bounds`.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Float64
from scipy.optimize import linprog

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares

RANK_RTOL = 1e-8
"""Singular values at most this part of the largest are those of dependent columns."""
WEIGHT_RTOL = 1e-7
"""Weights at most this part of their sum are those of no neuron."""
MAX_BASES = 20_000
"""Sets of columns that are tried one by one."""
SAMPLED_VERTICES = 200
"""Vertices that are looked for, in random directions, where the sets are too many."""


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """Hold columns, one point, and the rows that are independent of one another.

    Parameters
    ----------
    columns : (n, k) float64
        What a unit of each neuron adds to the fit.
    start : (k,) float64
        A point of the polytope.
    basis : (n, r) float64
        Orthonormal; it spans the columns but for what is within the tolerance of zero.
    tolerance : float
        Weights at most this are zero.
    """

    columns: Float64[np.ndarray, "n k"]
    start: Float64[np.ndarray, " k"]
    basis: Float64[np.ndarray, "n r"]
    tolerance: float

    @staticmethod
    def of(columns: Float64[np.ndarray, "n k"], fit: Float64[np.ndarray, " n"]) -> "Polytope":
        """Return the polytope of a fit that the columns reach but for rounding.

        Parameters
        ----------
        columns : (n, k) float64
            What a unit of each neuron adds to the fit.
        fit : (n,) float64
            What all of them add together.
        """
        start = nonnegative_least_squares(columns, fit) if columns.shape[1] else np.zeros(0)
        left, values, _ = np.linalg.svd(columns, full_matrices=False)
        rank = int(np.count_nonzero(values > RANK_RTOL * values.max(initial=0.0)))
        tolerance = WEIGHT_RTOL * float(start.sum())
        return Polytope(columns, start, left[:, :rank], tolerance)

    @property
    def rank(self) -> int:
        """Dimension of the span of the columns."""
        return int(self.basis.shape[1])

    @property
    def dimension(self) -> int:
        """Dimension as the numbers show it: of the neurons that some point has, less their rank."""
        k = self.columns.shape[1]
        largest = np.zeros(k)
        for i in range(k):
            unit = np.zeros(k)
            unit[i] = -1.0
            largest[i] = self.least(unit)[0][i]
        used = self.columns[:, largest > self.tolerance]
        if used.shape[1] == 0:
            return 0
        values = np.linalg.svd(used, compute_uv=False)
        return int(used.shape[1] - np.count_nonzero(values > RANK_RTOL * values[0]))

    @property
    def reduced(self) -> Float64[np.ndarray, "r k"]:
        """The columns in coordinates of their span."""
        return np.asarray(self.basis.T @ self.columns)

    def least(
        self, g: Float64[np.ndarray, " k"]
    ) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " n"]]:
        """Minimise a functional; return a vertex and multipliers of the fit, perhaps not finite."""
        checkpoint()
        if g.size == 0 or self.rank == 0:
            return self.start.copy(), np.zeros(len(self.columns))
        # of size 1 all of it: a solver's tolerances are absolute
        A = self.reduced
        lengths = np.linalg.norm(A, axis=0)
        lengths[lengths == 0.0] = 1.0
        A = A / lengths
        heights = np.linalg.norm(A, axis=1)
        heights[heights == 0.0] = 1.0
        A = A / heights[:, None]
        point = lengths * self.start
        largest, total = float(np.max(np.abs(g / lengths))), float(point.sum())
        if largest == 0.0:
            return self.start.copy(), np.zeros(len(self.columns))
        total = total or 1.0
        right = A @ (point / total)
        found = linprog(
            g / lengths / largest, A_eq=A, b_eq=right, bounds=(0.0, None), method="highs-ds"
        )
        if found.status != 0:
            return self.start.copy(), np.full(len(self.columns), np.nan)
        multipliers = self.basis @ (np.asarray(found.eqlin.marginals) / heights) * largest
        return _on_support(A, right, np.asarray(found.x)) * (total / lengths), multipliers

    def vertices(self, rng: np.random.Generator) -> tuple[Float64[np.ndarray, "v k"], bool]:
        """Return vertices, and whether they are all of them."""
        k = self.columns.shape[1]
        if k == 0 or self.rank == 0:
            return np.zeros((1, k)), True
        if comb(k, self.rank) <= MAX_BASES:
            return self._distinct(self._of_bases()), True
        tried = [self.least(rng.standard_normal((k,)))[0] for _ in range(SAMPLED_VERTICES)]
        return self._distinct(np.array(tried)), False

    def _of_bases(self) -> Float64[np.ndarray, "v k"]:
        A, k = self.reduced, self.columns.shape[1]
        right = A @ self.start
        sets = np.array(list(combinations(range(k), self.rank)))
        found = [np.zeros((0, k))]
        for at in range(0, len(sets), 1000):
            checkpoint()
            some = sets[at : at + 1000]
            square = A[:, some].transpose(1, 0, 2)
            values = np.linalg.svd(square, compute_uv=False)
            good = values[:, -1] > 1e-9 * values[:, 0]
            solved = np.linalg.solve(square[good], right[:, None])[..., 0]
            inside = np.all(solved >= -self.tolerance, axis=1)
            points = np.zeros((int(inside.sum()), k))
            np.put_along_axis(points, some[good][inside], solved[inside], axis=1)
            found.append(points)
        return np.concatenate(found)

    def _distinct(self, points: Float64[np.ndarray, "v k"]) -> Float64[np.ndarray, "u k"]:
        """Set weights of no size to zero and keep one of points that are the same."""
        points = np.where(points <= self.tolerance, 0.0, points)
        kept, count = np.empty_like(points), 0
        for point in points:
            apart = np.max(np.abs(kept[:count] - point), axis=1, initial=0.0)
            if not np.any(apart <= 4.0 * self.tolerance):
                kept[count] = point
                count += 1
        return kept[:count]


def _on_support(
    A: Float64[np.ndarray, "r k"], b: Float64[np.ndarray, " r"], found: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"]:
    """Solve for the weights in use to rounding; what a solver returns is off by its tolerance."""
    used = found > WEIGHT_RTOL
    solved = np.zeros_like(found)
    solved[used] = np.linalg.lstsq(A[:, used], b, rcond=None)[0]
    closer = np.linalg.norm(A @ solved - b) <= np.linalg.norm(A @ found - b)
    return solved if closer and np.all(solved >= 0.0) else found
