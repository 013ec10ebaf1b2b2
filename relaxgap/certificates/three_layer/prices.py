r"""The largest price of a sub-network, by branch and bound over its pieces at the rows.

At a dual point :math:`\nu` sub-networks cost more than they gain as long as

.. math:: \max \pm \nu^\top \Big(\sum_j s_j (X z_j)_+\Big)_+ \le \beta

over neurons of total size 1. The gain is the largest of concave functions, one for each selection
of a piece at every row, and the price of each is a least norm
(`relaxgap.certificates.three_layer.selections`). No pattern is listed: a selection needs no cell,
and so data in no general position change nothing. Rows are decided one after another, those that
matter most first; what is undecided is bounded by a chord, and selections whose bound is at most
the threshold are dropped.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.certificates.three_layer.pieces import SignClass, sign_classes
from relaxgap.certificates.three_layer.selections import Selections
from relaxgap.certificates.three_layer.shortest import shortened
from relaxgap.certificates.three_layer.weighted_rows import WeightedRows
from relaxgap.numerics.clock import OutOfTimeError, checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.problems.three_layer import COLUMNS, ThreeLayerProgram

AT_ONCE = 4096
"""Selections that are bounded together."""
MOST_SELECTIONS = 1 << 18
SWEEPS_A_ROW = 2
FIRST_SWEEPS, MOST_SWEEPS = 6, 50
"""At a time; selections that are not settled then are few."""
CLOSE, CLOSE_ABOVE = 1e-11, 1e-2
"""Distance of bound and attained gain at which a price is known: relative, or to the threshold."""
KEPT = 24
"""Sub-networks of a class and an output sign that are named."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Hold sub-networks of one class of signs, each of cost 1, by falling price.

    Parameters
    ----------
    signs : SignClass
        Of the second layer.
    output : (k,) float64
        Signs of the outputs.
    z : (k, m, d) float64
        Neurons, scaled by the weights behind them.
    price : (k,) float64
        What each attains.
    """

    signs: SignClass
    output: Float64[np.ndarray, " k"]
    z: Float64[np.ndarray, "k m d"]
    price: Float64[np.ndarray, " k"]


@dataclass(frozen=True, slots=True, eq=False)
class ThreeLayerPrices:
    """Hold an upper bound of every price, rounding included, and sub-networks of large price.

    Parameters
    ----------
    largest : float
        Upper bound.
    complete : bool
        Whether it is exact as far as it exceeds the threshold; a search that became too long leaves
        a bound that is not.
    best : tuple of Candidates
        Those above the threshold, by class.
    """

    largest: float
    complete: bool
    best: tuple[Candidates, ...]

    @property
    def attained(self) -> float:
        """The largest price of a sub-network that was found."""
        return max((float(found.price.max(initial=0.0)) for found in self.best), default=0.0)


@runtime_checkable
class ThreeLayerPricing(Protocol):
    """Bound the price of all sub-networks at a dual point, and name some of large price."""

    def __call__(self, nu: Float64[np.ndarray, " n"], threshold: float) -> ThreeLayerPrices:
        """Return a bound, and sub-networks whose price is above the threshold."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SelectionPrices:
    """Price all sub-networks of a program, at one dual point after another.

    Parameters
    ----------
    program : ThreeLayerProgram
        Its strength plays no part.
    most : int
        Selections of a class to bound until a search ends.
    """

    program: ThreeLayerProgram
    most: int = MOST_SELECTIONS

    def __call__(self, nu: Float64[np.ndarray, " n"], threshold: float) -> ThreeLayerPrices:
        """Bound every price, exactly as far as it exceeds the threshold.

        Notes
        -----
        Cost: for n rows of nonzero weight at most :math:`2^n` selections of two neurons, and fewer
        where bounds drop them.
        """
        program, largest, complete, best = self.program, 0.0, True, []
        if not np.all(np.isfinite(nu)):
            return ThreeLayerPrices(np.inf, False, ())
        for signs in sign_classes(program.width, program.normalisation):
            found = [self._of_class(sign * nu, signs, threshold) for sign in (1.0, -1.0)]
            largest = max(largest, *(search.largest * signs.factor for search in found))
            complete = complete and all(search.complete for search in found)
            output = np.repeat([1.0, -1.0], [len(search.price) for search in found])
            price = np.concatenate([search.price for search in found]) * signs.factor
            order = np.argsort(-price, kind="stable")
            z = np.concatenate([search.z for search in found])
            best.append(Candidates(signs, output[order], z[order], price[order]))
        return ThreeLayerPrices(largest * (1.0 + 4.0 * EPS), complete, tuple(best))

    def _of_class(
        self, c: Float64[np.ndarray, " n"], signs: SignClass, threshold: float
    ) -> "_Search":
        program = self.program
        rows = WeightedRows.of(program.data.X, c, signs, program.normalisation)
        search = _Search(threshold / signs.factor, (signs.m, program.data.d))
        if np.any(rows.c > 0.0):
            search.run(Selections.undecided(rows), self.most)
        return search


class _Search:
    """What is known of one class and output sign, selection by selection."""

    def __init__(self, threshold: float, shape: tuple[int, int]) -> None:
        self.threshold = threshold
        self.largest, self.complete, self.count = 0.0, True, 0
        self.z = np.zeros((0, *shape))
        self.price = np.zeros(0)

    def run(self, start: Selections, most: int) -> None:
        """Decide row after row, selections of the largest bound first."""
        waiting = [(start.bounds(), start)]
        while waiting and self.count < most:
            first = max(range(len(waiting)), key=lambda k: float(waiting[k][0].max()))
            try:
                parts = self._parts(waiting[first][1])
            except OutOfTimeError:
                # what is known by then bounds the price: the part that was looked at too
                break
            del waiting[first]
            waiting += parts
        for bounds, some in waiting:
            self.complete = False
            self._take(*some.best(), bounds)

    def _parts(self, some: Selections) -> list[tuple[Float64[np.ndarray, " _"], Selections]]:
        """Return what is left of some selections after a look at their next row, with bounds."""
        checkpoint()
        if some.is_decided:
            self._settle(some)
            return []
        some = some.split().swept(SWEEPS_A_ROW)
        self.count += some.count
        bounds = some.bounds()
        kept = np.flatnonzero(~self._dropped(bounds))
        kept = kept[np.argsort(-bounds[kept], kind="stable")]
        return [
            (bounds[kept[at : at + AT_ONCE]], some.part(kept[at : at + AT_ONCE]))
            for at in range(0, kept.size, AT_ONCE)
        ]

    def _dropped(self, bounds: Float64[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
        """Say which need no further look, and remember their bounds."""
        below = bounds <= self.threshold
        self.largest = max(self.largest, float(bounds[below].max(initial=0.0)))
        return np.asarray(below)

    def _settle(self, some: Selections) -> None:
        """Bound selections that are decided ever closer."""
        n_sweeps = FIRST_SWEEPS
        while some.count:
            checkpoint()
            some = some.swept(n_sweeps)
            bounds = some.bounds()
            kept = ~self._dropped(bounds)
            some, bounds = some.part(kept), bounds[kept]
            z, gains = some.best()
            doubt = bounds - gains
            close = doubt <= CLOSE * bounds + 2.0 * some.rows.rounding
            close |= doubt <= CLOSE_ABOVE * (gains - self.threshold)
            self._take(z[close], gains[close], bounds[close])
            some, n_sweeps = some.part(~close), 2 * n_sweeps
            if n_sweeps > MOST_SWEEPS:
                break
        if some.count:
            self._shorten(some)

    def _shorten(self, some: Selections) -> None:
        """Bound what sweeps leave open; the better of both bounds counts."""
        before, (z, gains) = some.bounds(), some.best()
        some, other = shortened(some)
        bounds, others = np.minimum(some.bounds(), before), some.rows.gains(other)
        z = np.where((others > gains)[:, None, None], other, z)
        self._take(z, np.maximum(gains, others), bounds)

    def _take(
        self,
        z: Float64[np.ndarray, "N m d"],
        gains: Float64[np.ndarray, " N"],
        bounds: Float64[np.ndarray, " N"],
    ) -> None:
        self.largest = max(self.largest, float(bounds.max(initial=0.0)))
        above = gains > self.threshold
        price = np.concatenate([self.price, gains[above]])
        order = np.argsort(-price, kind="stable")[:KEPT]
        self.price, self.z = price[order], np.concatenate([self.z, z[above]])[order]


def spectral_price(program: ThreeLayerProgram, nu: Float64[np.ndarray, " n"]) -> float:
    r"""Bound the price of every sub-network without a search.

    :math:`\pm\nu^\top h_+ \le \|(\pm\nu)_+\| \|h\|` and
    :math:`\|h\| \le \sum_j \|X\|_2 \|z_j\|`, where :math:`\sum_j \|z_j\|` is at most
    :math:`\sqrt{m}` of unit columns and 1 of a unit Frobenius norm.
    """
    X, most = program.data.X, 1.0
    if program.normalisation == COLUMNS:
        most = float(np.sqrt(program.width))
    size = max(float(np.linalg.norm(np.maximum(part, 0.0))) for part in (nu, -nu))
    room = 1.0 + 16.0 * EPS * (sum(X.shape) + 8)
    return most * float(np.linalg.norm(X, 2)) * size * room
