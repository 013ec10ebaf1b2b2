r"""Bounds on the dual constraint of every pattern at once.

The dual of the cone-constrained program asks, for every pattern and sign,

.. math:: \|\mathrm{Proj}_{K_i}(\pm X^\top D_i \nu)\|
          = \min_{\lambda \ge 0} \|\pm X^\top D_i \nu + X^\top (2D_i - I) \lambda\| \le \beta

(Moreau), so *every* :math:`\lambda \ge 0` bounds the left side from above. Cyclic coordinate
descent on :math:`\lambda`, in lockstep over all patterns, discards the many that fall under a
threshold; the survivors get an exact non-negative least squares solve.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.certificates.prices.shared_row import SharedRow
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS, magnitude, rounding_bound
from relaxgap.numerics.rows import row_lengths, unit_rows
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.fit_map import chunks

# a chunk's work arrays (d + 2n doubles a pattern) stay in the second-level cache
CHUNK = 2048
SIGNS = (1.0, -1.0)
SHORT = 1e-100
"""Length of a row that needs no multiplier beside rows with an offset."""


@dataclass(frozen=True, slots=True, eq=False)
class PricedBlock:
    """Hold the exact price of one (pattern, sign) and the unit direction that attains it."""

    pattern: int
    sign: float
    price: float
    direction: Float64[np.ndarray, " d"]


def bound_cone_prices(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    n_sweeps: int = 12,
) -> BlockPrices:
    r"""Bound :math:`\|\mathrm{Proj}_{K_i}(\pm X^\top D_i \nu)\|` for every pattern by descent.

    Parameters
    ----------
    X : (n, d) float64
        Data.
    patterns : PatternSet
        The patterns to price.
    nu : (n,) float64
        Dual point.
    threshold : float
        Patterns whose bound falls to or below it are left alone.
    n_sweeps : int
        Most passes of coordinate descent over the rows.

    Returns
    -------
    BlockPrices
        Valid whatever ``n_sweeps`` is; more sweeps tighten the bounds above the threshold.

    Notes
    -----
    Cost: O(n d) a pattern, sign and sweep; memory O(P) plus one chunk.
    """
    rows, kept = unit_rows(X), np.any(X != 0.0, axis=1)
    weighted = nu[:, None] * X
    scale = magnitude(X, nu)
    bounds = np.empty((2, patterns.n_patterns))
    for chunk in chunks(patterns.n_patterns, CHUNK):
        bits = patterns.unpack(chunk)
        gradients = weighted.T @ bits.T
        signs = np.where(bits.T[kept], 1.0, -1.0)
        for k, sign in enumerate(SIGNS):
            bounds[k, chunk] = _descend(rows, signs, sign * gradients, scale, threshold, n_sweeps)
    return BlockPrices(bounds, threshold)


def bound_by_multipliers(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    multipliers: Float64[np.ndarray, "2 P k"],
) -> BlockPrices:
    r"""Bound every price by given multipliers, which need not be good for the bound to hold.

    Parameters
    ----------
    X : (n, d) float64
        Data.
    patterns : PatternSet
        The patterns to price.
    nu : (n,) float64
        Dual point.
    multipliers : (2, P, k) float64
        For the signs +1 and -1, one multiplier for each nonzero row of ``X``, scaled to norm 1;
        negative ones count as zero.

    Notes
    -----
    Cost: two products of O(n d P).
    """
    rows, kept = unit_rows(X), np.any(X != 0.0, axis=1)
    weighted = nu[:, None] * X
    scale = magnitude(X, nu)
    bounds = np.empty((2, patterns.n_patterns))
    for chunk in chunks(patterns.n_patterns, CHUNK):
        checkpoint()
        bits = patterns.unpack(chunk)
        gradients = bits @ weighted
        signs = np.where(bits[:, kept], 1.0, -1.0)
        for k, sign in enumerate(SIGNS):
            given = np.maximum(multipliers[k, chunk], 0.0)
            moved = sign * gradients + (signs * given) @ rows
            # no multipliers at all are multipliers too, and sometimes the better ones
            norms = np.minimum(np.linalg.norm(moved, axis=1), np.linalg.norm(gradients, axis=1))
            magnitudes = scale + given.sum(axis=1)
            bounds[k, chunk] = norms + rounding_bound(2 * X.shape[0] + 8, X.shape[1], magnitudes)
    return BlockPrices(bounds, 0.0)


def _descend(
    rows: Float64[np.ndarray, "n d"],
    signs: Float64[np.ndarray, "n C"],
    g: Float64[np.ndarray, "d C"],
    scale: float,
    threshold: float,
    n_sweeps: int,
) -> Float64[np.ndarray, " C"]:
    """Shrink the columns of ``g`` by coordinate descent until they pass the threshold."""
    bounds = np.linalg.norm(g, axis=0) + rounding_bound(rows.shape[0] + 8, rows.shape[1], scale)
    open_ = np.flatnonzero(bounds > threshold)
    g, signs = g[:, open_], signs[:, open_]
    multipliers = np.zeros_like(signs)
    for sweep in range(1, n_sweeps + 1):
        checkpoint()
        if open_.size == 0:
            break
        for j, row in enumerate(rows):
            step = np.maximum(-multipliers[j], -signs[j] * (row @ g))
            multipliers[j] += step
            g += np.multiply.outer(row, signs[j] * step)
        magnitudes = scale + multipliers.sum(axis=0)
        rounding = rounding_bound((sweep + 1) * rows.shape[0] + 8, rows.shape[1], magnitudes)
        bounds[open_] = np.linalg.norm(g, axis=0) + rounding
        still = np.flatnonzero(bounds[open_] > threshold)
        if still.size < open_.size:
            open_, g = open_[still], g[:, still]
            signs, multipliers = signs[:, still], multipliers[:, still]
    return np.asarray(bounds)


def price_exactly(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    sign: float,
    index: int,
) -> PricedBlock:
    """Return the price of one (pattern, sign), rounding included, and where it is attained."""
    pattern: Bool[np.ndarray, " n"] = patterns.unpack(np.array([index]))[0]
    gradient = sign * ((nu * pattern) @ X)
    direction, multipliers = project_onto_cone(X, pattern, gradient)
    size = float(np.linalg.norm(direction))
    scale = magnitude(X, nu) + float(multipliers.sum())
    price = size + float(rounding_bound(X.shape[0] + 8, X.shape[1], scale))
    shared = SharedRow.of(X)
    if shared is not None:
        # multipliers of the rows as they are; any that are not negative bound the price
        lengths, added = row_lengths(X), np.zeros_like(nu)
        added[np.any(X != 0.0, axis=1)] = multipliers
        added = np.divide(added, lengths, out=np.zeros_like(nu), where=lengths > SHORT)
        added = np.where(pattern, added, -added)
        # a multiple of nu is rounded entry by entry, which undoes what cancels to that much
        of_scaled = EPS * magnitude(X, nu) * (1.0 + 1e-12)
        price = min(price, shared.norm_bound(sign * nu * pattern, added) + of_scaled)
    return PricedBlock(index, sign, price, direction / size if size > 0.0 else direction)


def refine_cone_prices(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    prices: BlockPrices,
) -> BlockPrices:
    """Replace the bounds above the threshold by exact prices, largest first.

    It stops early once every bound left is at most the largest exact price: those cannot change
    the maximum.
    """
    bounds = prices.bounds.copy()
    largest = 0.0
    for flat in np.argsort(bounds, axis=None)[::-1]:
        checkpoint()
        k, i = divmod(int(flat), patterns.n_patterns)
        if bounds[k, i] <= max(prices.threshold, largest):
            break
        exact = price_exactly(X, patterns, nu, SIGNS[k], i).price
        bounds[k, i] = min(bounds[k, i], exact)
        largest = max(largest, float(bounds[k, i]))
    return BlockPrices(bounds, prices.threshold)


def best_blocks(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: Float64[np.ndarray, " n"],
    prices: BlockPrices,
    n_blocks: int,
    n_candidates: int = 200,
) -> list[PricedBlock]:
    """Return up to ``n_blocks`` (pattern, sign) of largest price in well separated directions.

    Neighbouring cells share the maximiser on their common face; only the first of them is kept.
    """
    order: Int[np.ndarray, " k"] = np.argsort(prices.bounds, axis=None)[::-1][:n_candidates]
    candidates = []
    for flat in order:
        k, i = divmod(int(flat), patterns.n_patterns)
        if prices.bounds[k, i] <= prices.threshold:
            break
        checkpoint()
        candidates.append(price_exactly(X, patterns, nu, SIGNS[k], i))
    chosen: list[PricedBlock] = []
    for block in sorted(candidates, key=lambda candidate: -candidate.price):
        if block.price <= prices.threshold or len(chosen) == n_blocks:
            break
        if all(
            block.sign != other.sign or float(block.direction @ other.direction) < 1.0 - 1e-6
            for other in chosen
        ):
            chosen.append(block)
    return chosen
