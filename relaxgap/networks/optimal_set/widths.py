r"""The widths of the vertices of an optimal set, from :math:`m^*` to :math:`M^*`.

To find the smallest support of a point of a polytope is NP-hard in general. Sets of neurons are
tried by size: one is excluded if no network over it can have the optimal fit, which the distance of
the fit from the cone of its columns proves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.networks.optimal_set.outer_bounds import OuterBounds
from relaxgap.networks.optimal_set.polytope import Polytope
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares

MAX_SETS = 4000
"""Sets of neurons that are tried one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Widths:
    """Hold brackets of the smallest and the largest width of a vertex.

    Parameters
    ----------
    smallest_low : int
        No optimal network has fewer neurons: proven.
    smallest : (k,) float64
        Weights of the narrowest network found; its width is at least the smallest one as far as
        its loss is that of the optimum.
    largest : (k,) float64
        Weights of the widest vertex found.
    largest_high : int
        No vertex has more neurons: proven.
    """

    smallest_low: int
    smallest: Float64[np.ndarray, " k"]
    largest: Float64[np.ndarray, " k"]
    largest_high: int


def widths(
    bounds: OuterBounds,
    polytope: Polytope,
    fit: Float64[np.ndarray, " n"],
    vertices: Float64[np.ndarray, "v k"],
    surely_used: Bool[np.ndarray, " k"],
    largest_weights: Float64[np.ndarray, " k"],
) -> Widths:
    """Bracket both widths from the vertices that are known.

    Parameters
    ----------
    bounds : OuterBounds
        What excludes sets of neurons.
    polytope : Polytope
        As the numbers show it.
    fit : (n,) float64
        What a narrower network has to reach.
    vertices : (v, k) float64
        At least one, perhaps not all.
    surely_used : (k,) bool
        Neurons that every optimal network has.
    largest_weights : (k,) float64
        Proven upper ends of the weights: weights over these add up to at most their number.
    """
    supports = np.count_nonzero(vertices, axis=1)
    narrowest = vertices[int(np.argmin(supports))]
    least = _least_sum(bounds, polytope, largest_weights)
    low, found = _least_support(bounds, fit, surely_used, least, int(supports.min()))
    n = len(bounds.neurons.columns)
    several = int(bounds.neurons.n_groups.sum())
    return Widths(
        low,
        narrowest if found is None else found,
        vertices[int(np.argmax(supports))],
        min(n, several),
    )


def _least_support(
    bounds: OuterBounds,
    fit: Float64[np.ndarray, " n"],
    surely_used: Bool[np.ndarray, " k"],
    least: int,
    known: int,
) -> tuple[int, Float64[np.ndarray, " k"] | None]:
    """Return a proven lower bound of the support, and a narrower network if one was met."""
    neurons = bounds.neurons
    always, others = np.flatnonzero(surely_used), np.flatnonzero(~surely_used)
    low = max(always.size, least)
    for size in range(low, known + 1):
        if comb(others.size, size - always.size) > MAX_SETS:
            break
        reached = None
        for rows in _sets(always, others, size - always.size):
            checkpoint()
            columns = neurons.columns[:, rows]
            weights = nonnegative_least_squares(columns, fit) if size else np.zeros(0)
            residual = fit - columns @ weights
            multipliers = residual[None] / max(float(np.linalg.norm(residual)), 1e-300)
            if _subset(bounds, rows).below(np.zeros(size), np.zeros(size), multipliers) > 0.0:
                continue
            distance = float(np.linalg.norm(residual))
            if reached is None or distance < reached[0]:
                reached = distance, rows, weights
        if reached is not None:
            distance, rows, weights = reached
            if distance > 1e-7 * float(np.linalg.norm(fit)) or size >= known:
                return size, None
            whole = np.zeros(neurons.n_neurons)
            whole[rows] = weights
            return size, whole
        low = size + 1
    return min(low, known), None


def _least_sum(
    bounds: OuterBounds, polytope: Polytope, largest_weights: Float64[np.ndarray, " k"]
) -> int:
    """Bound the number of neurons by the relaxation of the count."""
    if not np.all(np.isfinite(largest_weights) & (largest_weights > 0.0)):
        return 0
    shares = 1.0 / largest_weights * (1.0 - 1e-12)
    _, multipliers = polytope.least(shares)
    least = bounds.below(shares, np.zeros_like(shares), multipliers[None])
    return max(0, int(np.ceil(least - 1e-9)))


def _sets(
    always: Int[np.ndarray, " a"], others: Int[np.ndarray, " o"], size: int
) -> Iterator[Int[np.ndarray, " _"]]:
    for chosen in combinations(others, size):
        yield np.concatenate([always, np.array(chosen, dtype=np.intp)])


def _subset(bounds: OuterBounds, rows: Int[np.ndarray, " m"]) -> OuterBounds:
    return OuterBounds(bounds.neurons.over(rows), bounds.known)
