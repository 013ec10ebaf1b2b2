r"""Prices of single cells to more digits than float64, and where they are attained.

The price of a (cell, sign) at :math:`\nu` is :math:`\|\Pi\|`, :math:`\Pi` the projection of
:math:`g = s X^\top D \nu` onto the cone, attained in the direction of :math:`\Pi`. Every
:math:`\mu \ge 0` gives :math:`v = g + X^\top (2D - I) \mu` with :math:`\|v\| \ge \|\Pi\|`, and
every :math:`u` in the cone is near :math:`\Pi`:

.. math:: \tfrac12 \|u - \Pi\|^2 \le \tfrac12 \|u - v\|^2 + \mu^\top (2D - I) X u .

Sums are taken in the longest floating point numbers of the machine, whose rounding is added.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.prices.cones import SIGNS, bound_cone_prices
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS
from relaxgap.networks.optimal_set.rays import ray
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet


@dataclass(frozen=True, slots=True, eq=False)
class PricedCells:
    """Hold (cell, sign) pairs at one dual point; what is left out is priced below a threshold.

    Parameters
    ----------
    pattern : (k,) int
        Index of each cell's pattern.
    sign : (k,) float64
        Sign of the output weight.
    direction : (k, d) float64
        Unit direction in the cell that attains the price, up to ``doubt``.
    price_low : (k,) float64
        The price at this dual point is at least this.
    price_high : (k,) long
        And at most this: to more digits, for what it exceeds ``beta`` by costs its root of all that
        is known of the dual point.
    doubt : (k,) float64
        Most that the projection itself is off, in its own units.
    reach : (k,) float64
        Lipschitz constant of the projection in the dual point, the norm of the active rows.
    ray_radius : (k,) float64
        At every dual point nearer than this the price is attained on one ray, that of the
        direction, where the cone's rows with a multiplier leave no other; 0 where they do.
    ray_error : (k,) float64
        Distance of the direction to that ray, at most.
    """

    pattern: Int[np.ndarray, " k"]
    sign: Float64[np.ndarray, " k"]
    direction: Float64[np.ndarray, "k d"]
    price_low: Float64[np.ndarray, " k"]
    price_high: np.ndarray
    doubt: Float64[np.ndarray, " k"]
    reach: Float64[np.ndarray, " k"]
    ray_radius: Float64[np.ndarray, " k"]
    ray_error: Float64[np.ndarray, " k"]

    @property
    def n_cells(self) -> int:
        """Number of (cell, sign) pairs."""
        return int(self.pattern.size)

    def over(self, rows: Bool[np.ndarray, " k"] | Int[np.ndarray, " m"]) -> "PricedCells":
        """Return some of them."""
        return PricedCells(
            self.pattern[rows],
            self.sign[rows],
            self.direction[rows],
            self.price_low[rows],
            self.price_high[rows],
            self.doubt[rows],
            self.reach[rows],
            self.ray_radius[rows],
            self.ray_error[rows],
        )

    def possibly_tight(self, beta: float, radius: float) -> Bool[np.ndarray, " k"]:
        """Say whose price can be ``beta`` at a dual point this near; the others' surely is not."""
        highest = self.price_high + self._moved(radius) * (1.0 + 1e-12)
        return np.asarray(~(highest * (1.0 + 4.0 * EPS) < beta))

    def direction_errors(self, beta: float, radius: float) -> Float64[np.ndarray, " k"]:
        r"""Bound how far each direction is from that of a tight cell at :math:`\nu^*`.

        The projection moves by at most ``reach * radius``, its length there is ``beta``, and for
        vectors of lengths :math:`a, b`
        :math:`\|u/a - v/b\|^2 = (\|u - v\|^2 - (a - b)^2) / (a b)`. The vector whose direction is
        kept is shorter than the projection by no more than the doubt. On a ray nothing moves.
        """
        moved = self.doubt + self._moved(radius)
        lengths = np.maximum(self.price_low - self.doubt, TINY)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            errors = moved / np.sqrt(beta * lengths) * (1.0 + 1e-12) + 8.0 * EPS
        on_ray = np.where(radius < self.ray_radius, self.ray_error, 2.0)
        return np.asarray(np.fmin(errors, on_ray))

    def _moved(self, radius: float) -> Float64[np.ndarray, " k"]:
        """Bound how far the projections move; without an active row not at all."""
        moved = np.zeros(self.n_cells)
        np.multiply(self.reach, radius, out=moved, where=self.reach > 0.0)
        return moved


def price_cells(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: np.ndarray,
    threshold: float,
) -> PricedCells:
    """Price every (cell, sign) whose price may be above a threshold.

    Parameters
    ----------
    X : (n, d) float64
        Data.
    patterns : PatternSet
        Open cells, all of them or some, with gates inside.
    nu : (n,) float64 or longer
        Dual point.
    threshold : float
        Cells that are not listed are proven to have prices at most this at the float64 nearest to
        the dual point.

    Notes
    -----
    Cost: the screening of `bound_cone_prices`, then one non-negative least squares solve a cell.
    """
    bounds = bound_cone_prices(X, patterns, nu.astype(np.float64), threshold).bounds
    rows = [np.flatnonzero(some > threshold) for some in bounds]
    pattern = np.concatenate(rows)
    sign = np.repeat(np.array(SIGNS), [len(some) for some in rows])
    return cells_at(X, patterns, nu, pattern, sign)


def cells_at(
    X: Float64[np.ndarray, "n d"],
    patterns: PatternSet,
    nu: np.ndarray,
    pattern: Int[np.ndarray, " k"],
    sign: Float64[np.ndarray, " k"],
) -> PricedCells:
    """Price the (cell, sign) pairs that are named."""
    k = pattern.size
    direction, found = np.zeros((k, X.shape[1])), np.zeros((5, k))
    high = np.zeros(k, dtype=LONG)
    for i, (index, s) in enumerate(zip(pattern, sign, strict=True)):
        checkpoint()
        bits = patterns.unpack(np.array([index]))[0]
        cell = _Cell(X, bits, float(s), nu, patterns.gates[index])
        direction[i], high[i], found[:, i] = cell.priced()
    low, *others = found
    return PricedCells(pattern, sign, direction, low, high, *others)


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """One (cell, sign) at one dual point."""

    X: Float64[np.ndarray, "n d"]
    bits: Bool[np.ndarray, " n"]
    sign: float
    nu: np.ndarray
    gate: Float64[np.ndarray, " d"]

    def priced(
        self,
    ) -> tuple[Float64[np.ndarray, " d"], np.longdouble, tuple[float, float, float, float, float]]:
        """Return the direction, the price from above, and the other numbers, that from below on."""
        kept = np.any(self.X != 0.0, axis=1)
        active = self.bits & kept
        rows = self.X[kept].astype(LONG)
        lengths = row_lengths(self.X[kept])
        rows /= lengths[:, None].astype(LONG)
        weights = (self.sign * self.nu.astype(LONG) * active)[kept] * lengths.astype(LONG)
        g = weights @ rows
        sided = np.where(self.bits[kept], LONG(1.0), LONG(-1.0))[:, None] * rows
        _, multipliers = project_onto_cone(self.X, self.bits, g.astype(np.float64))
        mu = _refined(sided, g, multipliers.astype(LONG))
        v = g + mu @ sided
        long_size = LONG(np.sqrt(v @ v))
        size = float(long_size)
        rounding = _rounding((np.abs(weights) + mu) @ np.abs(rows), size, 2 * len(rows))
        high = LONG(long_size * (1.0 + 4.0 * LONG_EPS) + LONG(rounding))
        reach = float(np.linalg.norm(self.X[active], 2)) * (1.0 + 1e-12) if active.any() else 0.0
        u, doubt = self._inside(v, sided, mu, rounding)
        length = float(np.sqrt(u @ u))
        if size <= rounding or length == 0.0:
            return (
                np.zeros(self.X.shape[1]),
                high,
                (0.0, float(high) * (1.0 + EPS), reach, 0.0, 2.0),
            )
        low = float(u @ g) / length * (1.0 - EPS) - 2.0 * rounding
        direction = np.asarray((u / LONG(length)).astype(np.float64))
        room, off = ray(self.X[kept], sided, mu, v, u, rounding)
        margin = room / reach if reach > 0.0 else 0.0
        return direction, high, (min(max(low, 0.0), float(high)), doubt, reach, margin, off)

    def _inside(
        self, v: np.ndarray, sided: np.ndarray, mu: np.ndarray, rounding: float
    ) -> tuple[np.ndarray, float]:
        """Move ``v`` into the cone, towards the gate; say how far that is from the projection."""
        gate = self.gate.astype(LONG)
        gate = gate / np.sqrt(gate @ gate)
        inward = float((sided @ gate).min(initial=1.0))
        outward = max(0.0, -float((sided @ v).min(initial=0.0)))
        t = (outward + 2.0 * rounding) / inward if inward > 0.0 else np.inf
        if not np.isfinite(t):
            return v, np.inf
        u = v + LONG(t) * gate
        slack = float(mu @ np.maximum(sided @ u, 0.0)) + float(mu.sum()) * rounding
        gap = 0.5 * t**2 + slack * (1.0 + 1e-12)
        return u, float(np.sqrt(2.0 * gap)) * (1.0 + 1e-12) + 2.0 * rounding


def _rounding(magnitudes: np.ndarray, size: float, n_terms: int) -> float:
    r"""Bound the rounding of a vector and its length, whose summands add up to these magnitudes.

    A sum of ``k`` products, in any order, is off by at most :math:`k u / (1 - k u)` times theirs,
    for the unit roundoff :math:`u = \epsilon / 2`; the length of a row and the product with it
    are four roundings more.
    """
    d = len(magnitudes)
    largest = float(np.sqrt(magnitudes @ magnitudes)) * (1.0 + 1e-12)
    off = 0.5 * LONG_EPS * ((n_terms + 8) * largest + (d + 4) * size) * (1.0 + 1e-9)
    return off + 2.0 * float(np.sqrt(d * TINY)) * (largest > 0.0)


def _refined(sided: np.ndarray, g: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Solve again on the rows in use: the products with them vanish to the longer rounding."""
    used = mu > 0.0
    if not used.any():
        return mu
    faces = sided[used]
    for _ in range(2):
        products = faces @ (g + mu @ sided)
        gram = (faces @ faces.T).astype(np.float64)
        change = np.linalg.lstsq(gram, -products.astype(np.float64), rcond=None)[0]
        moved = mu.copy()
        moved[used] = mu[used] + change.astype(LONG)
        if np.any(moved < 0.0):
            break
        mu = moved
    return mu
