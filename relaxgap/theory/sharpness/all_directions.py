r"""A bound of the sharpness in every direction at once, without a logarithm.

With the cone matrix :math:`A = (2D - I) X` of a gate and
:math:`s = \min\{\|A^\top \mu\| : \mu \ge 0, \|\mu\| = 1\}`, surely and for every direction z, also
one that depends on X and y,

.. math:: C(K, z) \le 1 + \sqrt2\, \|X\|_2 / s .

Proof: by duality :math:`C(K) = 1 / \min_{\|g\| = 1} \max(\|\mathrm{Proj}_K g\|,
\|\mathrm{Proj}_K(-g)\|)`, and :math:`\|\mathrm{Proj}_K g\| = \min_{\lambda \ge 0} \|g + A^\top
\lambda\|`. If both are at most e, with :math:`\lambda, \lambda'`, then
:math:`\|A^\top (\lambda + \lambda')\| \le 2 e` while each of the two has at least the length
:math:`(1 - e) / \|X\|_2`, and so, being nonnegative, their sum at least :math:`\sqrt2` times that.
Hence :math:`2 e \ge \sqrt2 s (1 - e) / \|X\|_2`.

The number s is a copositive quantity. From above it is bracketed by local minimisation, from below
by the doubly nonnegative relaxation: for every symmetric :math:`N \ge 0`,
:math:`s^2 \ge \lambda_{\min}(A A^\top - N)`.

References
----------
Derived here. It closes a hole of Kim & Pilanci (2024), whose Theorem 7 is for a direction that does
not depend on the data, and removes the logarithm of their Theorems 1 to 3.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import unit_rows
from relaxgap.theory.sharpness.cone import cone_matrix

MAX_RELAXED_SAMPLES = 400
"""Samples up to which s is bounded from below: an eigenvalue problem of this order a step."""
STEPS = 2000
STEPS_BETWEEN_CHECKS = 50
STARTS = 8
LOCAL_STEPS = 20000
VANISHED = 1e-12


@dataclass(frozen=True, slots=True)
class ConeWidth:
    r"""Hold certified ends of :math:`s = \min\{\|A^\top \mu\| : \mu \ge 0, \|\mu\| = 1\}`."""

    lower: float
    upper: float


def cone_width(
    X: Float64[np.ndarray, "n d"],
    gate: Float64[np.ndarray, " d"],
    rng: np.random.Generator,
    rtol: float = 1e-3,
) -> ConeWidth:
    """Bracket s for the cone of a gate; from below 0 above `MAX_RELAXED_SAMPLES` samples.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix; a row of zeros constrains nothing.
    gate : (d,) float64
        A gate inside the cone.
    rng : Generator
        Source of the starts of the local minimisation.
    rtol : float
        Relative width to reach; the relaxation may be wider than that at its best.
    """
    A = cone_matrix(X, gate)
    if A.shape[0] == 0:
        return ConeWidth(0.0, 0.0)
    gram = A @ A.T
    size = float(np.linalg.norm(gram, 2))
    starts = np.abs(rng.standard_normal((A.shape[0], STARTS)))
    lower = 0.0
    if A.shape[0] <= MAX_RELAXED_SAMPLES:
        lower, entries = _relaxed(gram / size, rtol)
        starts = np.hstack([starts, np.sqrt(np.diag(entries))[:, None]])
    upper = max(_local_minimum(gram / size, A / math.sqrt(size), starts), math.sqrt(lower))
    return ConeWidth(math.sqrt(size * lower), math.sqrt(size) * upper)


def _local_minimum(
    gram: Float64[np.ndarray, "n n"],
    A: Float64[np.ndarray, "n d"],
    starts: Float64[np.ndarray, "n k"],
) -> float:
    r"""Return the least :math:`\|A^\top \mu\|` that power steps on ``I - gram`` find.

    The step :math:`\mu \leftarrow ((I - G) \mu)_+`, normed, never raises the length: it maximises a
    linearised convex form over the same set.
    """
    mu = starts / np.linalg.norm(starts, axis=0)
    for _ in range(LOCAL_STEPS):
        checkpoint()
        after = np.maximum(mu - gram @ mu, 0.0)
        norms = np.linalg.norm(after, axis=0)
        # no entry is left where every direction is as short
        after = np.where(norms > VANISHED, after / np.maximum(norms, VANISHED), mu)
        done = float(np.abs(after - mu).max()) < 1e-9
        mu = after
        if done:
            break
    return float(np.linalg.norm(A.T @ mu, axis=0).min()) * (1.0 + 8.0 * EPS * sum(A.shape))


def _relaxed(
    gram: Float64[np.ndarray, "n n"], rtol: float
) -> tuple[float, Float64[np.ndarray, "n n"]]:
    r"""Bound :math:`\langle G, Q \rangle` from below over doubly nonnegative Q of trace 1.

    Alternating directions between the matrices of trace 1 without negative eigenvalues and those
    without negative entries; the multipliers N of the latter prove
    :math:`\lambda_{\min}(G - N)`. The last Q comes with the bound.
    """
    n = gram.shape[0]
    entries, scaled, rho = np.full((n, n), 1.0 / n**2), np.zeros((n, n)), 1.0
    best = 0.0
    for step in range(1, STEPS + 1):
        checkpoint()
        values, vectors = np.linalg.eigh(entries - scaled - gram / rho)
        spectral = (vectors * _onto_simplex(values)) @ vectors.T
        moved = spectral + scaled
        after = np.maximum(moved, 0.0)
        primal, dual = np.linalg.norm(spectral - after), rho * np.linalg.norm(after - entries)
        entries, scaled = after, np.minimum(moved, 0.0)
        if step % STEPS_BETWEEN_CHECKS == 0:
            least = float(np.linalg.eigvalsh(gram + rho * scaled)[0])
            rounding = 8.0 * EPS * n * (1.0 + rho * float(np.linalg.norm(scaled)))
            best = max(best, least - rounding)
            value = max(float(np.vdot(gram, spectral)), float(np.vdot(gram, entries)))
            if best >= value * (1.0 - 2.0 * rtol):
                break
            # the step at which both sides move alike
            factor = 2.0 if primal > 3.0 * dual else 0.5 if dual > 3.0 * primal else 1.0
            rho, scaled = rho * factor, scaled / factor
    return best, entries


def _onto_simplex(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Project ascending numbers onto the nonnegative ones that add up to 1."""
    falling = values[::-1]
    excess = (np.cumsum(falling) - 1.0) / np.arange(1, values.size + 1)
    kept = int(np.flatnonzero(falling > excess)[-1])
    return np.asarray(np.maximum(values - excess[kept], 0.0))


def all_directions_bound(X: Float64[np.ndarray, "n d"], width: ConeWidth) -> float:
    r"""Return :math:`1 + \sqrt2 \|X\|_2 / s`, infinite where s is not bounded from below."""
    if width.lower == 0.0:
        return math.inf
    norm = float(np.linalg.norm(X, 2)) * (1.0 + 8.0 * EPS * sum(X.shape))
    return (1.0 + math.sqrt(2.0) * norm / width.lower) * (1.0 + 8.0 * EPS)


def bounded_width(
    X: Float64[np.ndarray, "n d"],
    gate: Float64[np.ndarray, " d"],
    rng: np.random.Generator,
    rtol: float = 1e-3,
) -> tuple[ConeWidth, float]:
    """Return `cone_width` and the bound for all directions that it gives.

    Rows of very different lengths lose the width to rounding. Their cone is that of the unit rows,
    and so is then the bound; the width returned is that of the rows themselves all the same.
    """
    width = cone_width(X, gate, rng, rtol)
    if width.lower > 0.0 or X.shape[0] > MAX_RELAXED_SAMPLES:
        return width, all_directions_bound(X, width)
    rows = unit_rows(X)
    return width, all_directions_bound(rows, cone_width(rows, gate, rng, rtol))
