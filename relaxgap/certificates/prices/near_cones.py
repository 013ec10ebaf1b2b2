r"""Projections onto the cones of tall data, which few of the rows bound.

A gate's cone :math:`\{u : (2D_i - I) X u \ge 0\}` is narrow where rows are many: it is bounded by
rows almost orthogonal to the gate. Projections are onto the wider cone of a few *candidate* rows
and are checked against the *near* ones; rows that they violate become candidates. Multipliers of
candidates bound a price whatever the other rows are, so only where a projection itself is used is
it checked against all rows (`NearCones.violations`, `NearCones.inside`).

Blocks are numbered pattern by pattern, first all of sign +1, then all of sign -1.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.certificates.prices.near_rows import (
    NearRows,
    project_onto_rows,
    worst_violated,
)
from relaxgap.certificates.prices.row_multipliers import RowMultipliers, signed_unit_rows
from relaxgap.certificates.prices.shared_row import SharedRow
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import TINY
from relaxgap.numerics.rows import row_lengths, unit_rows
from relaxgap.patterns.pattern_set import PatternSet, bits_at

MIN_ROWS, ROWS_A_COLUMN = 500, 20
"""Fewer rows leave cones wide: the near rows are most of them, and projections are on no ray."""
MAX_PATTERNS, MAX_NEAR_BYTES = 5000, 1e9
"""Each has near rows and is projected onto by itself; of more, all are priced in lockstep."""
MANY_ROWS = 5000
"""Rows of more than these are never priced all together."""
NEAR, CANDIDATES = 16, 3
"""Rows for each column of the data that are near a gate, and those taken at first."""
OUTSIDE, TIGHT = 1e-11, 1e-9
"""How far a direction may be on the wrong side of a row, and how near to a row it is on it.

Both are of a solver's iterates. What is certified goes through `NearCones.inside`, which leaves no
more than the rounding of a product with a row.
"""
SHORT_MOVE = 1e-3
"""Part of its length by which a block is moved towards its gate; it is projected rather than more.
"""
ROWS_AT_ONCE, PATTERNS_AT_ONCE = 8192, 16
MAX_ROUNDS = 50
DIGITS = 12
"""Rows whose products with a random vector agree so far are tried once among the near ones."""


def are_narrow(X: Float64[np.ndarray, "n d"], patterns: PatternSet) -> bool:
    """Whether the cones are bounded by many more rows than there are columns, and not too many.

    Rows that share an offset need more digits than a price by a few of them has: as long as they
    can be, they are priced all together.
    """
    n, d = X.shape
    near_bytes = 8.0 * NEAR * d * d * patterns.n_patterns
    if n < max(MIN_ROWS, ROWS_A_COLUMN * d) or patterns.n_patterns > MAX_PATTERNS:
        return False
    return near_bytes <= MAX_NEAR_BYTES and (n > MANY_ROWS or SharedRow.of(X) is None)


@dataclass(slots=True, eq=False)
class _Known:
    """Hold the multipliers of a block: places among the candidates of its cone, and values."""

    places: Int[np.ndarray, " a"] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    values: Float64[np.ndarray, " a"] = field(default_factory=lambda: np.zeros(0))


class NearCones:
    """Project onto the cones of patterns of tall data, remembering multipliers.

    Parameters
    ----------
    X : (n, d) float64
        Data.
    patterns : PatternSet
        Their gates are inside the cones.
    """

    def __init__(self, X: Float64[np.ndarray, "n d"], patterns: PatternSet) -> None:
        self.X, self.patterns = X, patterns
        self.lengths = row_lengths(X)
        norms = row_lengths(patterns.gates)
        self.gates = patterns.gates / np.where(norms > 0.0, norms, 1.0)[:, None]
        self.n_patterns = patterns.n_patterns
        self._cones = list(self._near_gates())
        self._known = [_Known() for _ in range(2 * self.n_patterns)]
        self._of_steps = [known.places for known in self._known]
        self.added = np.zeros((2 * self.n_patterns, X.shape[1]))
        """What the multipliers of each block add to its gradient."""

    def _near_gates(self) -> Iterator[NearRows]:
        rows = self._distinct_rows()
        d = self.X.shape[1]
        n_near, n_chosen = min(NEAR * d, rows.size), min(CANDIDATES * d, rows.size)
        everything = rows.size == self.X.shape[0]
        X, lengths = (self.X, self.lengths) if everything else (self.X[rows], self.lengths[rows])
        for start in range(0, self.n_patterns, PATTERNS_AT_ONCE):
            checkpoint()
            angles = np.abs(self.gates[start : start + PATTERNS_AT_ONCE] @ X.T) / lengths
            if n_near < rows.size:
                some = np.argpartition(angles, n_near, axis=1)[:, :n_near]
            else:
                some = np.broadcast_to(np.arange(rows.size), angles.shape)
            order = np.argsort(np.take_along_axis(angles, some, axis=1), axis=1, kind="stable")
            for k, nearest in enumerate(np.take_along_axis(some, order, axis=1)):
                at = rows[nearest]
                near = signed_unit_rows(self.X, self.patterns, self.lengths, start + k, at)
                yield NearRows.of(at, near, n_chosen)

    def _distinct_rows(self) -> Int[np.ndarray, " r"]:
        """Return one of every set of rows that look parallel, without rows of zeros."""
        line = np.random.default_rng(0).standard_normal(self.X.shape[1])
        rows = np.flatnonzero(self.lengths > 0.0)
        along = np.abs(self.X[rows] @ line) / self.lengths[rows]
        _, first = np.unique(along.round(DIGITS), return_index=True)
        return rows[np.sort(first)]

    def candidates(self, block: int) -> Float64[np.ndarray, "c d"]:
        """Return the candidate rows of a block's cone."""
        return self._cones[block % self.n_patterns].candidates

    def bound(self, block: int, z: Float64[np.ndarray, " d"]) -> float:
        """Bound the length of one projection by the multipliers there are."""
        added = self.added[block]
        square = float(added @ added)
        stretch = max(-float(z @ added) / square, 0.0) if square > 0.0 else 0.0
        moved = z + stretch * added
        return math.sqrt(float(moved @ moved))

    def bounds(self, gradients: Float64[np.ndarray, "P d"]) -> Float64[np.ndarray, " B"]:
        """Bound all prices by the multipliers there are, each block's stretched to fit best."""
        both = np.concatenate([gradients, -gradients])
        return np.asarray(np.linalg.norm(both + self._stretch(both)[:, None] * self.added, axis=1))

    def _stretch(self, both: Float64[np.ndarray, "B d"]) -> Float64[np.ndarray, " B"]:
        squares = np.sum(self.added * self.added, axis=1)
        along = -np.sum(both * self.added, axis=1)
        ratio = np.divide(along, squares, out=np.zeros_like(along), where=squares > 0.0)
        return np.asarray(np.maximum(ratio, 0.0))

    def multipliers(self, gradients: Float64[np.ndarray, "P d"]) -> RowMultipliers:
        """Return what proves `bounds` at these gradients."""
        stretch = self._stretch(np.concatenate([gradients, -gradients]))
        most = max((known.places.size for known in self._known), default=0)
        rows = np.zeros((2 * self.n_patterns, most), dtype=np.intp)
        values = np.zeros((2 * self.n_patterns, most))
        for block, known in enumerate(self._known):
            size, cone = known.places.size, self._cones[block % self.n_patterns]
            rows[block, :size] = cone.rows[cone.chosen[known.places]]
            values[block, :size] = stretch[block] * known.values
        shape = (2, self.n_patterns, most)
        return RowMultipliers(rows.reshape(shape), values.reshape(shape))

    def project(
        self, block: int, z: Float64[np.ndarray, " d"], threshold: float, remember: bool = True
    ) -> tuple[Float64[np.ndarray, " d"], float]:
        """Project onto the cone of a block's near rows; return the projection and its length.

        One that proves to be no longer than the threshold may be left at that. To ``remember`` is
        to keep its multipliers for `bounds`.
        """
        cone = self._cones[block % self.n_patterns]
        places = self._known[block].places if remember else self._of_steps[block]
        size = math.sqrt(float(z @ z))
        for _ in range(MAX_ROUNDS):
            checkpoint()
            places, values, u = project_onto_rows(cone.candidates, places, z, size)
            if remember:
                self._known[block] = _Known(places, values)
                self.added[block] = u - z
            else:
                self._of_steps[block] = places
            length = math.sqrt(float(u @ u))
            if length <= max(threshold, OUTSIDE * size) or self.is_inside(block, u):
                break
        return u, length

    def is_inside(self, block: int, u: Float64[np.ndarray, " d"]) -> bool:
        """Whether a direction is on the right side of all near rows; else some become candidates.

        These are the most violated ones, and those that the way from the gate meets first.
        """
        cone, gate = self._cones[block % self.n_patterns], self.gates[block % self.n_patterns]
        slack = cone.near @ u
        limit = -OUTSIDE * math.sqrt(float(u @ u))
        if slack.min(initial=0.0) >= limit:
            return True
        bad = np.flatnonzero((slack < limit) & ~cone.is_chosen)
        if bad.size == 0:
            return True
        cone.choose(bad[worst_violated(slack[bad], cone.near[bad] @ gate)])
        return False

    def price(self, block: int, gradients: Float64[np.ndarray, "P d"], threshold: float) -> float:
        """Price one block, to rounding if it is over the threshold and its near rows decide."""
        return self.project(block, self.gradient(block, gradients), threshold)[1]

    def price_all(
        self,
        gradients: Float64[np.ndarray, "P d"],
        allowed: Int[np.ndarray, " b"],
        threshold: float,
    ) -> None:
        """Price every block whose bound is over the threshold."""
        for block in allowed[self.bounds(gradients)[allowed] > threshold].tolist():
            self.price(block, gradients, threshold)

    def gradient(
        self, block: int, gradients: Float64[np.ndarray, "P d"]
    ) -> Float64[np.ndarray, " d"]:
        """Return the gradient of a block, of all patterns'."""
        here = gradients[block % self.n_patterns]
        return np.asarray(here if block < self.n_patterns else -here)

    def settle(
        self,
        gradients: Float64[np.ndarray, "P d"],
        allowed: Int[np.ndarray, " b"],
        threshold: float,
    ) -> bool:
        """Price all blocks over the threshold, the largest of them among all rows.

        Returns
        -------
        bool
            Whether the largest bound is exact to rounding; else it is one that holds.
        """
        self.price_all(gradients, allowed, threshold)
        for _ in range(MAX_ROUNDS + 2 * allowed.size):
            bounds = self.bounds(gradients)[allowed]
            if bounds.max(initial=0.0) <= threshold:
                return True
            block = int(allowed[np.argmax(bounds)])
            u, _ = self.project(block, self.gradient(block, gradients), threshold)
            if not np.any(u) or not self.violations(np.array([block]), u[None]).size:
                return True
            self.price(block, gradients, threshold)
        return False

    def violations(
        self, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"]
    ) -> Int[np.ndarray, " v"]:
        """Return which blocks are on the wrong side of any row; these become candidates."""
        units = unit_rows(w)
        found: dict[int, list[int]] = {}
        for rows, slack in self._slacks(blocks, units):
            outside = slack < -OUTSIDE
            for k in np.flatnonzero(outside.any(axis=1)).tolist():
                at = rows.start + np.flatnonzero(outside[k])
                worst = self._worst_rows(int(blocks[k]), at, slack[k, outside[k]])
                found.setdefault(k, []).extend(worst.tolist())
        for k, violated in found.items():
            block = int(blocks[k])
            cone = self._cones[block % self.n_patterns]
            at = np.setdiff1d(np.array(violated), cone.rows)
            if at.size:
                units_at = self._signed_rows(block, at)
                some = self._worst_rows(block, at, units_at @ units[k])
                cone.add(some, units_at[np.isin(at, some)])
            else:
                # near rows, which may be no candidates yet
                self.is_inside(block, w[k])
        return np.array(sorted(found), dtype=np.intp)

    def _signed_rows(self, block: int, at: Int[np.ndarray, " a"]) -> Float64[np.ndarray, "a d"]:
        return signed_unit_rows(self.X, self.patterns, self.lengths, block % self.n_patterns, at)

    def _worst_rows(
        self, block: int, at: Int[np.ndarray, " a"], slack: Float64[np.ndarray, " a"]
    ) -> Int[np.ndarray, " few"]:
        """Choose a few of the rows that a block violates, in their order."""
        margin = self._signed_rows(block, at) @ self.gates[block % self.n_patterns]
        return np.asarray(at[worst_violated(slack, margin)])

    def inside(
        self, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"], limit: float
    ) -> Float64[np.ndarray, "k d"]:
        """Move blocks into their cones, up to a violation of ``limit`` times their length.

        A short move is one towards the gate; a block that would need a long one is projected
        first, and becomes zero where even that leaves it outside.
        """
        moved, is_inside = self._towards_gates(blocks, w, limit)
        for k in np.flatnonzero(~is_inside):
            block = int(blocks[k])
            u = self._projected(block, w[k])
            one, is_one_inside = self._towards_gates(blocks[k : k + 1], u[None], limit)
            moved[k] = one[0] if is_one_inside[0] else 0.0
        return moved

    def _projected(self, block: int, w: Float64[np.ndarray, " d"]) -> Float64[np.ndarray, " d"]:
        """Project a block onto its cone of all rows, as far as they become candidates in time."""
        u = w
        for _ in range(MAX_ROUNDS):
            u, _ = self.project(block, w, 0.0, remember=False)
            if not np.any(u) or not self.violations(np.array([block]), u[None]).size:
                break
        return u

    def _towards_gates(
        self, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"], limit: float
    ) -> tuple[Float64[np.ndarray, "k d"], Bool[np.ndarray, " k"]]:
        """Move blocks a little towards their gates, and say which are inside then."""
        gates, lengths = self.gates[blocks % self.n_patterns], row_lengths(w)
        moves = np.zeros(blocks.size)
        for (_, slack), (_, margin) in zip(
            self._slacks(blocks, w), self._slacks(blocks, gates), strict=True
        ):
            bad = slack < -limit * lengths[:, None]
            needed = np.where(bad, -slack / np.maximum(margin, TINY), 0.0)
            moves = np.maximum(moves, needed.max(axis=1, initial=0.0))
        is_short = moves <= SHORT_MOVE * lengths
        moved = w + np.where(is_short, 1.0001 * moves, 0.0)[:, None] * gates
        worst, lengths = np.zeros(blocks.size), row_lengths(moved)
        for _, slack in self._slacks(blocks, moved):
            worst = np.minimum(worst, slack.min(axis=1, initial=0.0))
        return moved, is_short & (worst >= -limit * lengths)

    def _slacks(
        self, blocks: Int[np.ndarray, " k"], w: Float64[np.ndarray, "k d"]
    ) -> Iterator[tuple[slice, Float64[np.ndarray, "k m"]]]:
        """Yield the products with the signed unit rows of all data, a chunk of rows at a time."""
        lengths = np.where(self.lengths > 0.0, self.lengths, 1.0)
        for start in range(0, self.X.shape[0], ROWS_AT_ONCE):
            checkpoint()
            rows = slice(start, min(start + ROWS_AT_ONCE, self.X.shape[0]))
            bits = bits_at(self.patterns.packed, blocks % self.n_patterns, rows)
            slack = w @ self.X[rows].T
            slack /= lengths[rows]
            yield rows, np.where(bits == 1, slack, -slack)
