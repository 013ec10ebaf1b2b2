r"""Least squares over piecewise linear functions with few knots, at a cost linear in their slopes.

In terms of the slopes :math:`s_1, \dots, s_{K-1}` between knots, with :math:`s_0 = s_K = 0` and
:math:`d_k = s_k - s_{k-1}`, combinations of ramps cost at depth 3 and more

.. math:: C_3 = \tfrac12 \sum_{k=1}^{K} |d_k|

since every ramp begins at one knot and ends at another. At depth 2 both ends of the data are knots,
and with the sums P and N of positive and of negative parts of the *inner* changes

.. math:: C_2 = \max(P + N, \; P + s_1, \; N - s_1) .

(A change of slope may face either way, so that the first slope costs nothing between -P and N, and
what is beyond is a linear neuron.) Where the signs of changes are known, each of these is linear:
:math:`\sum_k g_k d_k` with *levels* :math:`g_k`, those of the dual's path G over ``beta``.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import solveh_banded

from relaxgap.problems.one_column import OneColumnProgram


@dataclass(frozen=True, slots=True, eq=False)
class Knots:
    """Hold knots and which way the slope changes at each.

    Parameters
    ----------
    at : (K,) int
        Sites, in order; at depth 2 the first and the last are among them.
    signs : (K,) float64
        1 or -1; 0 at the ends of the data at depth 2, where any slope is allowed.
    changes : (K,) float64
        Changes of slope, 0 outside; each has its sign, or is 0 where it is new.
    """

    at: Int[np.ndarray, " K"]
    signs: Float64[np.ndarray, " K"]
    changes: Float64[np.ndarray, " K"]

    @classmethod
    def none(cls, program: OneColumnProgram) -> "Knots":
        """Return the knots that are always there."""
        ends = [0, program.n_sites - 1] if program.depth == 2 and program.n_sites > 1 else []
        nothing = np.zeros(len(ends))
        return cls(np.array(ends, dtype=np.intp), nothing, nothing)

    def kept(self, some: Int[np.ndarray, " k"]) -> "Knots":
        """Keep some knots, by their places."""
        return Knots(self.at[some], self.signs[some], self.changes[some])

    def with_new(self, at: Int[np.ndarray, " k"], signs: Float64[np.ndarray, " k"]) -> "Knots":
        """Return the knots and new ones, where the slope does not change yet."""
        every = np.concatenate([self.at, at])
        order = np.argsort(every)
        changes = np.concatenate([self.changes, np.zeros(at.size)])
        return Knots(every[order], np.concatenate([self.signs, signs])[order], changes[order])


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Hold the minimiser over all functions with some knots.

    Parameters
    ----------
    values, changes, levels : (K,) float64
        At the knots: of the function, of its slope, and of the dual's path over ``beta``.
    cost : float
        Linear in the changes as long as they have their signs.
    """

    values: Float64[np.ndarray, " K"]
    changes: Float64[np.ndarray, " K"]
    levels: Float64[np.ndarray, " K"]
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class SiteSquares:
    r"""Hold :math:`\tfrac12 \sum_j m_j (f_j - z_j)^2` over the sites.

    Parameters
    ----------
    program : OneColumnProgram
        Says where they are, what slopes cost, and how much.
    weights, targets : (U,) float64
        m, positive, and z.
    """

    program: OneColumnProgram
    weights: Float64[np.ndarray, " U"]
    targets: Float64[np.ndarray, " U"]

    @property
    def mean(self) -> float:
        """The best constant."""
        return float(self.weights @ self.targets / self.weights.sum())

    def shares(
        self, at: Int[np.ndarray, " K"]
    ) -> tuple[Float64[np.ndarray, " g"], Float64[np.ndarray, " s"], Int[np.ndarray, " s"]]:
        """Return distances of knots, and how far sites between them are on the way, and where."""
        gaps = self.program.gaps[at[0] : at[-1]]
        from_first = np.concatenate([[0.0], np.cumsum(gaps)])[:-1]
        starts = at[:-1] - at[0]
        distances = np.add.reduceat(gaps, starts)
        piece = np.repeat(np.arange(at.size - 1), np.diff(at))
        share = (from_first - from_first[starts][piece]) / distances[piece]
        return distances, np.minimum(share, 1.0), piece

    def values(
        self, at: Int[np.ndarray, " K"], knots: Float64[np.ndarray, " K"]
    ) -> Float64[np.ndarray, " U"]:
        """Return a function at all sites from its values at knots, outside of them constant."""
        if at.size == 0:
            return np.full(self.program.n_sites, self.mean)
        found = np.empty(self.program.n_sites)
        found[: at[0]], found[at[-1] :] = knots[0], knots[-1]
        _, share, piece = self.shares(at)
        found[at[0] : at[-1]] = knots[piece] + share * (knots[piece + 1] - knots[piece])
        return found

    def best(self, knots: Knots) -> Fit:
        """Return the best function with these knots, at the cost of their signs.

        Hat functions of the knots have a tridiagonal matrix of products, at least the identity
        where weights are at least one: every knot is a site.
        """
        at, beta = knots.at, self.program.beta
        distances, products, rest = self._normal_equations(at)
        levels = [np.asarray(level) for level in self._levels(knots.signs)]
        costs = [_of_values(level, distances) for level in levels]
        values = solveh_banded(products, rest - beta * costs[0], check_finite=False)
        level = levels[0]
        more = np.array([cost - costs[0] for cost in costs[1:]]).reshape(-1, at.size)
        above = more @ values
        if np.any(above > 0.0):
            # the largest of three: a share of each, until those that count are equal
            steps = solveh_banded(products, -beta * more.T, check_finite=False)
            shares = _best_shares(above, more @ steps)
            values = values + steps @ shares
            level = level + shares @ (np.array(levels[1:]) - level)
        slopes = np.diff(values) / distances
        changes = np.diff(slopes, prepend=0.0, append=0.0)
        return Fit(values, changes, level, max(float(some @ changes) for some in levels))

    def _levels(self, signs: Float64[np.ndarray, " K"]) -> list[Float64[np.ndarray, " K"]]:
        if self.program.depth > 2:
            return [0.5 * signs]
        upper, lower = np.maximum(signs, 0.0), np.minimum(signs, 0.0)
        upper[0], lower[0] = 1.0, -1.0
        return [signs, upper, lower]

    def _normal_equations(
        self, at: Int[np.ndarray, " K"]
    ) -> tuple[Float64[np.ndarray, " g"], Float64[np.ndarray, "2 K"], Float64[np.ndarray, " K"]]:
        distances, share, _ = self.shares(at)
        m, z = self.weights, self.targets
        inside = slice(at[0], at[-1])
        right, starts = m[inside] * share, at[:-1] - at[0]
        left = m[inside] - right
        products, rest = np.zeros((2, at.size)), np.zeros(at.size)
        products[1, :-1] = np.add.reduceat(left * (1.0 - share), starts)
        products[1, 1:] += np.add.reduceat(right * share, starts)
        products[0, 1:] = np.add.reduceat(left * share, starts)
        rest[:-1] = np.add.reduceat(left * z[inside], starts)
        rest[1:] += np.add.reduceat(right * z[inside], starts)
        for place, sites in ((0, slice(0, at[0])), (-1, slice(at[-1], None))):
            products[1, place] += m[sites].sum()
            rest[place] += m[sites] @ z[sites]
        return distances, products, rest


def _best_shares(
    slope: Float64[np.ndarray, " 2"], curvature: Float64[np.ndarray, "2 2"]
) -> Float64[np.ndarray, " 2"]:
    """Maximise a concave quadratic over shares of two, at most one together."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    candidates = []
    for start, end in ((0, 1), (0, 2), (1, 2)):
        way = corners[end] - corners[start]
        bend = float(way @ curvature @ way)
        rise = float((slope + curvature @ corners[start]) @ way)
        share = min(max(rise / -bend, 0.0), 1.0) if bend < 0.0 else float(rise > 0.0)
        candidates.append(corners[start] + share * way)
    determinant = curvature[0, 0] * curvature[1, 1] - curvature[0, 1] * curvature[1, 0]
    if determinant > 0.0:
        inside = np.array(
            [
                curvature[0, 1] * slope[1] - curvature[1, 1] * slope[0],
                curvature[1, 0] * slope[0] - curvature[0, 0] * slope[1],
            ]
        )
        inside = inside / determinant
        if inside.min() > 0.0 and inside.sum() < 1.0:
            candidates.append(inside)
    return max(candidates, key=lambda t: float(slope @ t + 0.5 * t @ curvature @ t))


def _of_values(
    levels: Float64[np.ndarray, " K"], distances: Float64[np.ndarray, " g"]
) -> Float64[np.ndarray, " K"]:
    """Return a linear function of changes of slope as one of values at the knots."""
    pull = (levels[:-1] - levels[1:]) / distances
    return np.diff(-pull, prepend=0.0, append=0.0)
