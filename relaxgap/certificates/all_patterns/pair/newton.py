r"""One Newton system over the moments of the neurons.

The system has the order of the moments and of the rows, whatever the number of combinations. The
local upper end of each combination, :math:`w`, is eliminated in closed form. In the metric
:math:`W` of Nesterov and Todd its cone contributes
:math:`\mathrm{tr}(W \Delta W \Delta)`, :math:`\Delta = (\rho, w; w, z)`, and the inequality beside
it :math:`l\, (w - v)^2`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.pair.intervals import Intervals
from relaxgap.certificates.all_patterns.spectral.cones import Point, Scaling
from relaxgap.certificates.all_patterns.spectral.factorisation import ScaledFactor
from relaxgap.certificates.prices.cones import SIGNS

FLOOR = 1e-8
"""Added to the squares of combinations, for a weight of 1: those that vanish have an inside too."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Hold the part of one sign, its ends eliminated.

    Parameters
    ----------
    moments : (D, D) float64
        Of the moments.
    mixed : (D, n) float64
        Of moments and sizes.
    sizes : (n, n) float64
        Of the sizes.
    inverse : (c,) float64
        Of the ends' own part.
    coupling : (c, D + n) float64
        What the ends are coupled with.
    """

    moments: Float64[np.ndarray, "D D"]
    mixed: Float64[np.ndarray, "D n"]
    sizes: Float64[np.ndarray, "n n"]
    inverse: Float64[np.ndarray, " c"]
    coupling: Float64[np.ndarray, "c Dn"]

    @classmethod
    def of(
        cls,
        pair: Scaling,
        rows: Float64[np.ndarray, "n k"],
        intervals: Intervals,
        vectors: Float64[np.ndarray, "c k"],
        differences: Float64[np.ndarray, "c n"],
    ) -> "Reduced":
        """Return the part of one sign at a pair of slack and multiplier."""
        n, k = rows.shape
        u = slice(1, k + 1)
        own, others = square_features(rows), square_features(vectors)
        others[:, 0] = FLOOR
        metric = pair.root @ pair.root.swapaxes(1, 2)
        determinant = np.linalg.det(pair.root) ** 2
        first, cross, last = metric[:, 0, 0], metric[:, 0, 1], metric[:, 1, 1]
        left, right, budget = (
            m / s for m, s in zip(pair.multiplier[2:], pair.slack[2:], strict=True)
        )
        moments = _kronecker(pair.inverse.matrix, pair.multiplier.matrix)
        moments[0, 0] += float((first[:n] ** 2).sum())
        edge = cross[:n] ** 2 @ own
        moments += (own.T * last[:n] ** 2) @ own
        bent = product_features(rows[intervals.row], intervals.directions)
        weighted = budget[:-1, None] * bent
        moments += bent.T @ weighted
        moments[u, u] += (rows.T * (left[:n] + right)) @ rows
        trace = np.zeros(own.shape[1])
        trace[0] = 1.0
        i, j = np.triu_indices(k + 1)
        trace[(i == j) & (i > 0)] = -1.0
        moments += budget[-1] * np.multiply.outer(trace, trace)
        mixed = own.T * (2.0 * cross[:n] * last[:n])
        np.subtract.at(mixed.T, intervals.row, weighted)
        mixed[0] += 2.0 * first[:n] * cross[:n]
        mixed[u] += rows.T * (right - left[:n])
        diagonal = 2.0 * cross[:n] ** 2 + 2.0 * first[:n] * last[:n] + left[:n] + right
        sizes = np.diag(diagonal + np.bincount(intervals.row, budget[:-1], n))
        # the ends of the combinations
        first, cross, last, determinant, slope = (
            first[n:],
            cross[n:],
            last[n:],
            determinant[n:],
            left[n:],
        )
        curved = 2.0 * cross**2 + 2.0 * first * last
        inverse = 1.0 / (curved + slope)
        share = slope * inverse
        moments[0, 0] += float(first**2 @ ((2.0 * determinant + slope) * inverse))
        edge += (cross**2 * (slope - 2.0 * determinant) * inverse) @ others
        moments[0] += edge
        moments[:, 0] += edge
        moments += (others.T * (last**2 * (2.0 * determinant + slope) * inverse)) @ others
        mixed[0] += (2.0 * first * cross * share) @ differences
        mixed += (others.T * (2.0 * cross * last * share)) @ differences
        sizes += (differences.T * (curved * share)) @ differences
        coupling = np.concatenate(
            [(2.0 * cross * last)[:, None] * others, -slope[:, None] * differences], axis=1
        )
        coupling[:, 0] += 2.0 * first * cross
        return cls(moments, mixed, sizes, inverse, coupling)


def square_features(rows: Float64[np.ndarray, "c k"]) -> Float64[np.ndarray, "c D"]:
    """Return what quadratic forms of rows are in the upper triangle of a moment matrix."""
    return product_features(rows, rows)


def product_features(
    rows: Float64[np.ndarray, "c k"], others: Float64[np.ndarray, "c k"]
) -> Float64[np.ndarray, "c D"]:
    """Return what bilinear forms of pairs of vectors are in the upper triangle."""
    i, j = np.triu_indices(rows.shape[1] + 1)
    edge = np.zeros((len(rows), 1))
    one, two = np.concatenate([edge, rows], axis=1), np.concatenate([edge, others], axis=1)
    crossed = one[:, i] * two[:, j]
    if rows is others:
        return np.asarray(crossed * np.where(i == j, 1.0, 2.0))
    return np.asarray(crossed + np.where(i == j, 0.0, 1.0) * (one[:, j] * two[:, i]))


def _kronecker(
    a: Float64[np.ndarray, "K K"], b: Float64[np.ndarray, "K K"]
) -> Float64[np.ndarray, "D D"]:
    r"""Return :math:`\mathrm{tr}(E_p A E_q B)` for the symmetric unit matrices of a triangle."""
    i, j = np.triu_indices(a.shape[0])
    half = np.where(i == j, 0.5, 1.0)
    # tr(E_p A E_q B) has four products of entries
    found = a[np.ix_(j, i)] * b[np.ix_(i, j)]
    found += a[np.ix_(j, j)] * b[np.ix_(i, i)]
    found += a[np.ix_(i, i)] * b[np.ix_(j, j)]
    found += a[np.ix_(i, j)] * b[np.ix_(j, i)]
    return np.asarray(found * np.multiply.outer(half, half))


class MomentSystem:
    """Factorise the Newton system of both signs.

    Parameters
    ----------
    rows : (n, k) float64
        Unit rows.
    curvature : (n,) float64
        Of what is minimised in the fit.
    reduced : list of Reduced
        The part of each sign.

    Raises
    ------
    numpy.linalg.LinAlgError
        If no small ridge makes the system positive definite.
    """

    def __init__(
        self,
        rows: Float64[np.ndarray, "n k"],
        curvature: Float64[np.ndarray, " n"],
        reduced: Sequence[Reduced],
    ) -> None:
        n, k = rows.shape
        D = reduced[0].moments.shape[0]
        matrix = np.zeros((2 * (D + n),) * 2)
        self.reduced = reduced
        self.places = [
            (slice(s * D, (s + 1) * D), slice(2 * D + s * n, 2 * D + (s + 1) * n)) for s in range(2)
        ]
        weighted = 0.25 * rows.T * curvature
        curved, diagonal = weighted @ rows, np.arange(n)
        for s, (part, (moments, sizes)) in enumerate(zip(reduced, self.places, strict=True)):
            matrix[moments, moments] += part.moments
            matrix[moments, sizes] += part.mixed
            matrix[sizes, moments] += part.mixed.T
            matrix[sizes, sizes] += part.sizes
            for o, (other, other_sizes) in enumerate(self.places):
                sign = SIGNS[s] * SIGNS[o]
                u = slice(moments.start + 1, moments.start + k + 1)
                v = slice(other.start + 1, other.start + k + 1)
                matrix[u, v] += sign * curved
                matrix[u, other_sizes] += sign * weighted
                matrix[other_sizes, u] += sign * weighted.T
                matrix[sizes.start + diagonal, other_sizes.start + diagonal] += (
                    0.25 * sign * curvature
                )
        self.factor = ScaledFactor(matrix)

    def solve(self, gradient: Point) -> Point:
        """Return the step whose image under the system is ``gradient``."""
        right = gradient.dense.copy()
        ends = np.split(gradient.local[:, 0], [self.reduced[0].inverse.size])
        for part, own, (moments, sizes) in zip(self.reduced, ends, self.places, strict=True):
            moved = (part.inverse * own) @ part.coupling
            right[moments] -= moved[: part.moments.shape[0]]
            right[sizes] -= moved[part.moments.shape[0] :]
        dense = self.factor.solve(right)
        local = [
            part.inverse * (own - part.coupling @ np.concatenate([dense[moments], dense[sizes]]))
            for part, own, (moments, sizes) in zip(self.reduced, ends, self.places, strict=True)
        ]
        return Point(dense, np.concatenate(local)[:, None])
