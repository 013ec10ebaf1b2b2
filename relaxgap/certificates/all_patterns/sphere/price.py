r"""The largest price of a dual point over all neurons, by branch and bound over their directions.

The price :math:`\max_{\|u\| \le 1} \pm\nu^\top (Xu)_+` is sought in the span of the rows, whose
sphere is cut into simplicial cones. Cones are halved level by level, each level a smaller bound
of all; what is proven after one is the largest bound of the cones that are left.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.sphere.cones import ConeBlock, bounded, folded, halves
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths

MAX_RANK = 5
"""Dimensions up to which cones are few enough."""
BLOCK = 256
"""Cones that are looked at together."""
LEVEL = 0.6
"""Part of its excess over what is wanted, as a logarithm, that a level leaves to the next."""
CLOSE = 1.0 + 1e-8
"""How close to what is attained a bound may come: rounding is below."""
DIRECTIONS = 64
"""Vectors of high prices that are remembered."""
LEAST = 1e-290
"""Sums below are rounded to a grid that is not fine beside them."""
MAX_CONES = 3_000_000
"""Open cones that are kept: some 600 MB in five dimensions."""


class SpherePrice:
    """Bound the price of one dual point, better and better.

    Parameters
    ----------
    X : (n, d) float64
        Samples, one a row, of a rank that is small.
    nu : (n,) float64
        The dual point.
    rank : int
        Dimensions of the span of the rows. What is outside of them is added to the bound.

    Attributes
    ----------
    price_bound : float
        Proven for every neuron, rounding included.
    attained : float
        The largest price seen.
    directions : (k, d) float64
        Unit vectors of the largest prices seen on the last level, one a block of cones.
    n_cones : int
        Cones looked at.
    """

    def __init__(
        self, X: Float64[np.ndarray, "n d"], nu: Float64[np.ndarray, " n"], rank: int
    ) -> None:
        x_unit, nu_unit = (float(np.abs(values).max(initial=0.0)) for values in (X, nu))
        self.n_cones, self.attained = 0, 0.0
        self.directions = np.zeros((0, X.shape[1]))
        self.blocks: list[ConeBlock] = []
        self.unit = self.price_bound = self._closed = 0.0
        self._seen: list[tuple[float, Float64[np.ndarray, " r"]]] = []
        used = nu != 0.0
        if x_unit == 0.0 or nu_unit == 0.0:
            return
        rows = np.abs(nu[used] / nu_unit)[:, None] * (X[used] / x_unit)
        lengths = row_lengths(rows)
        length = float(lengths.sum())
        if min(length, length * x_unit, length * x_unit * nu_unit) < LEAST:
            # products that underflow, or have few digits; norms do not
            norms = float(np.abs(nu[used]) @ row_lengths(X[used]))
            self.price_bound = norms * (1.0 + 1e-10) + 1e-300
            return
        rows, signs = rows / length, np.sign(nu[used])
        basis = np.linalg.svd(rows, full_matrices=False)[2][:rank]
        inner = rows @ basis.T
        outside = float(row_lengths(rows - inner @ basis).sum())
        # every sum has n terms whose sizes add up to one at most, and every level of cones moves
        # their rays by a rounding
        self._margin = outside * (1.0 + 1e-10) + EPS * rank * (8.0 * len(rows) + 4096.0)
        self.unit, self._basis = length * x_unit * nu_unit, basis
        rays = np.array([np.diag(s) for s in itertools.product((1.0, -1.0), repeat=len(basis))])
        for sign in (1.0, -1.0):
            block = folded(
                rays, inner, sign * signs, np.zeros(len(basis)), np.full(len(rays), np.inf)
            )
            self.blocks.append(self._look(block, np.inf))
        self._prove(self._top())
        if len(basis) == 1:
            # two rays, on which the sum is what it is
            self.blocks.clear()

    def levels(self, wanted: float) -> Iterator[None]:
        """Lower the bound level by level down to ``wanted``, or to what is attained.

        Cones below the larger of both are closed for good, so that later calls prove no less than
        earlier ones wanted. Ends where there are too many cones.

        Raises
        ------
        OutOfTimeError
            In the middle of a level, which keeps the bound of the one before.
        """
        while self.blocks:
            floor = max(wanted / self.unit, self._least_level) - self._margin
            floor = self._closed = max(floor, self._closed)
            top = self._top()
            level = max(floor, top * (max(floor, 1e-3 * top) / top) ** (1.0 - LEVEL))
            if level <= floor * (1.0 + 1e-6):
                level = floor
            if not self._descend_to(level, floor):
                return
            yield
            if level == floor:
                return

    def _descend_to(self, level: float, floor: float) -> bool:
        """Cut cones until all are bounded by the level; False where they are too many."""
        waiting, done = self.blocks, []
        n_open = sum(block.count for block in waiting)
        try:
            while waiting:
                opened = self._descend(waiting[-1], level, floor)
                done += opened
                n_open += sum(block.count for block in opened) - waiting.pop().count
                if n_open > MAX_CONES:
                    return False
        finally:
            self.blocks = done + waiting
        self._prove(max(floor, self._least_level, self._top()))
        return True

    @property
    def _least_level(self) -> float:
        """What is attained is no bound: every level is above."""
        return self.attained / self.unit * CLOSE

    def _top(self) -> float:
        return max((float(block.bounds.max()) for block in self.blocks), default=0.0)

    def _descend(self, family: ConeBlock, level: float, floor: float) -> list[ConeBlock]:
        """Cut the cones of one block until all are bounded by the level; return what is open."""
        front, leaves, bounds = [family], [], []
        while front:
            checkpoint()
            block = front.pop()
            # which is higher once higher prices are seen
            level = max(level, self._least_level)
            high = block.bounds > level
            kept = ~high & (block.bounds > floor)
            if kept.any():
                leaves.append(block.rays[kept])
                bounds.append(block.bounds[kept])
            if high.any():
                cut = halves(block.where(high))
                parts = _parts(block, cut, np.full(len(cut), np.inf))
                front += [self._look(part, level) for part in parts]
        if not leaves:
            return []
        return list(_parts(family, np.concatenate(leaves), np.concatenate(bounds)))

    def _look(self, block: ConeBlock, level: float) -> ConeBlock:
        looked, value, best = bounded(block, level)
        self.n_cones += block.count
        self._seen.append((value, best))
        self.attained = max(self.attained, value * self.unit)
        return looked

    def _prove(self, bound: float) -> None:
        proven = (max(bound, 0.0) + self._margin) * self.unit * (1.0 + 8.0 * EPS)
        if self.price_bound == 0.0 or proven < self.price_bound:
            self.price_bound = proven
        seen = sorted(self._seen, key=lambda one: -one[0])[:DIRECTIONS]
        if seen:
            self.directions = np.array([ray for _, ray in seen]) @ self._basis
        self._seen.clear()


def _parts(
    block: ConeBlock, rays: Float64[np.ndarray, "k r r"], bounds: Float64[np.ndarray, " k"]
) -> Iterator[ConeBlock]:
    """Group cones into neighbours, each group with the rows that bend there."""
    groups = [np.arange(len(rays))] if len(rays) else []
    while groups:
        some = groups.pop()
        if len(some) <= BLOCK:
            yield folded(rays[some], block.rows, block.signs, block.linear, bounds[some])
            continue
        centers = rays[some].sum(axis=1)
        centers -= centers.mean(axis=0)
        along = np.linalg.eigh(centers.T @ centers)[1][:, -1]
        order = np.argsort(centers @ along)
        groups += [some[order[: len(some) // 2]], some[order[len(some) // 2 :]]]
