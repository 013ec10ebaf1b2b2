r"""The gated program with several outputs: nuclear norms of free blocks over given patterns.

.. math:: \min_V \tfrac12 \Big\|\sum_i S D_i X V_i - Y\Big\|_F^2 + \beta \sum_i \|V_i\|_*

Its networks are gated; over all patterns its value is a lower bound of that of ReLU networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import Ends
from relaxgap.certificates.vector.duality import lower_bound
from relaxgap.certificates.vector.free_prices import free_prices
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.vector_output import VectorProgram

STEPS_A_ROUND = 25
MAX_STEPS = 20_000
POWER_STEPS = 60
SAFETY = 1.02
"""Factor on the largest curvature, which power steps approach from below."""


@dataclass(frozen=True, slots=True, eq=False)
class NuclearBracket(Ends):
    """Hold blocks, a dual point, and the bracket of the gated program that they prove.

    Parameters
    ----------
    V : (P, d, q) float64
        One block a pattern.
    R : (n, q) float64
        Dual feasible, rounding included.
    primal_value, dual_value : float
        Value of the blocks, with its rounding, and a lower bound of the optimum of this program.
    """

    V: Float64[np.ndarray, "P d q"]
    R: Float64[np.ndarray, "n q"]
    primal_value: float
    dual_value: float

    def with_better(self, other: "NuclearBracket") -> "NuclearBracket":
        """Return the better blocks and the better dual point of two brackets of one problem."""
        upper = other if other.primal_value < self.primal_value else self
        lower = other if other.dual_value > self.dual_value else self
        value = min(lower.dual_value, upper.primal_value)
        return NuclearBracket(upper.V, lower.R, upper.primal_value, value)


def nuclear_rounds(program: VectorProgram, patterns: PatternSet) -> Iterator[NuclearBracket]:
    """Yield brackets of the gated program, which need not lie in each other.

    Accelerated proximal steps that start over where they overshoot; of the blocks only those that
    are not zero are multiplied with the data, and of more samples than columns only their products.

    Notes
    -----
    Memory: the features, n P d numbers; with fewer columns than samples (P d)^2 beside them.
    """
    shape = (patterns.n_patterns, program.data.d, program.data.q)
    V = point = np.zeros(shape)
    yield nuclear_bracket(program, patterns, V, program.data.Y)
    model = _Features.of(program, patterns)
    step, momentum = 1.0 / model.largest_curvature(), 1.0
    for k in range(1, MAX_STEPS + 1):
        checkpoint()
        moved = shrunk_spectra(point - step * model.gradient(point), step * program.beta)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if float(np.vdot(point - moved, moved - V)) > 0.0:
            following, point = 1.0, moved
        else:
            point = moved + (momentum - 1.0) / following * (moved - V)
        V, momentum = moved, following
        if k % STEPS_A_ROUND == 0:
            residual = program.data.Y - model.fit(V)
            yield nuclear_bracket(program, patterns, V, residual)


def shrunk_spectra(V: Float64[np.ndarray, "P d q"], by: float) -> Float64[np.ndarray, "P d q"]:
    """Reduce the singular values of every block, down to zero.

    Notes
    -----
    By the eigenvectors of the smaller Gram matrix of each: O(P d q min(d, q)).
    """
    if V.shape[1] < V.shape[2]:
        return np.swapaxes(shrunk_spectra(np.swapaxes(V, 1, 2), by), 1, 2)
    values, vectors = np.linalg.eigh(np.swapaxes(V, 1, 2) @ V)
    sizes = np.sqrt(np.maximum(values, 0.0))
    kept = np.divide(sizes - by, sizes, out=np.zeros_like(sizes), where=sizes > by)
    some = np.flatnonzero(kept[:, -1] > 0.0)
    out = np.zeros_like(V)
    right = vectors[some]
    out[some] = V[some] @ ((right * kept[some, None, :]) @ np.swapaxes(right, 1, 2))
    return out


def nuclear_norms(V: Float64[np.ndarray, "P d q"]) -> Float64[np.ndarray, " P"]:
    """Return the sum of the singular values of every block."""
    return np.asarray(np.linalg.svd(V, compute_uv=False).sum(axis=1))


class _Features:
    """The map from blocks to fits and back, as one matrix or as its Gram matrix."""

    def __init__(self, A: Float64[np.ndarray, "n k"], Y: Float64[np.ndarray, "n q"]) -> None:
        self.A, self.Y = A, Y
        n, k = A.shape
        self.gram = A.T @ A if n > k else None
        self.moments = A.T @ Y

    @classmethod
    def of(cls, program: VectorProgram, patterns: PatternSet) -> "_Features":
        data = program.data
        A = np.empty((data.n, patterns.n_patterns * data.d))
        for i in range(patterns.n_patterns):
            checkpoint()
            active = patterns.unpack(np.array([i]))[0]
            A[:, i * data.d : (i + 1) * data.d] = program.pooled(active[:, None] * data.X)
        return cls(A, data.Y)

    def fit(self, V: Float64[np.ndarray, "P d q"]) -> Float64[np.ndarray, "n q"]:
        return np.asarray(self.A @ V.reshape(-1, V.shape[2]))

    def gradient(self, V: Float64[np.ndarray, "P d q"]) -> Float64[np.ndarray, "P d q"]:
        flat = V.reshape(-1, V.shape[2])
        if self.gram is not None:
            return np.asarray((self.gram @ flat - self.moments).reshape(V.shape))
        return np.asarray((self.A.T @ (self.A @ flat - self.Y)).reshape(V.shape))

    def largest_curvature(self) -> float:
        v = np.random.default_rng(0).standard_normal((self.A.shape[1],))
        size = 1.0
        for _ in range(POWER_STEPS):
            checkpoint()
            v = np.asarray(self.A.T @ (self.A @ v) if self.gram is None else self.gram @ v)
            size = float(np.linalg.norm(v))
            if size == 0.0:
                return 1.0
            v /= size
        return SAFETY * size


def nuclear_bracket(
    program: VectorProgram,
    patterns: PatternSet,
    V: Float64[np.ndarray, "P d q"],
    residual: Float64[np.ndarray, "n q"],
) -> NuclearBracket:
    """Return what blocks and their residual prove."""
    data = program.data
    total = float(nuclear_norms(V).sum())
    y, fit = data.Y.ravel(), (data.Y - residual).ravel()
    room = np.sqrt(data.n_patches) * float(np.linalg.norm(data.X))
    distance = 8.0 * EPS * (patterns.n_patterns * data.d + data.n_patches + 8) * room * total
    distance = distance * (1.0 + program.centring * data.n) + program.label_error
    value = SQUARED.value(fit, y) + program.beta * total * (1.0 + 64.0 * EPS * (data.d + data.q))
    value = (value + SQUARED.value_error(fit, y, distance)) * (1.0 + 4.0 * EPS * (y.size + 8))
    largest = float(free_prices(data.X, patterns, program.spread(residual)).max(initial=0.0))
    R, lower = lower_bound(program, residual, largest)
    return NuclearBracket(V, R, value, min(lower, value))
