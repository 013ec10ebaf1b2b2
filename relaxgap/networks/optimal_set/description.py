"""The optimal set of a problem whose patterns are listed: what is proven and what is computed."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.optimal_set.face_newton import on_faces
from relaxgap.networks.optimal_set.known_optimum import (
    KnownOptimum,
    known_optimum,
    of_dual_point,
)
from relaxgap.networks.optimal_set.long_numbers import LONG, LongPoint
from relaxgap.networks.optimal_set.outer_bounds import OuterBounds
from relaxgap.networks.optimal_set.polishing import polish
from relaxgap.networks.optimal_set.polytope import Polytope
from relaxgap.networks.optimal_set.priced_cells import PricedCells, cells_at, price_cells
from relaxgap.networks.optimal_set.tight_neurons import TightNeurons, tight_neurons
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths, spectral_norm
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.losses import Loss

BAND = 1e-5
"""Cells priced within this part of beta are looked at one by one, more if the radius asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Hold the range of a linear functional over all optimal networks, from inside and outside.

    Parameters
    ----------
    proven_low, proven_high : float
        No optimal network is outside.
    low, high : float
        Of two networks that were found, optimal as far as their loss is.
    """

    proven_low: float
    low: float
    high: float
    proven_high: float


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Hold a range and the weights of the two networks at its inner ends."""

    interval: Interval
    networks: Float64[np.ndarray, "2 k"]


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """Hold the optimal set.

    Parameters
    ----------
    point : LongPoint
        A network that is optimal as far as its loss is, and the dual point that was priced.
    known : KnownOptimum
        What is proven of the optimal one.
    largest_price : float
        At least every price at the dual point.
    cells : PricedCells
        Those that can be tight: every other (cell, sign) is proven to have a price below ``beta``.
    neurons : TightNeurons
        What they show.
    polytope : Polytope
        Of the weights of the neurons.
    fit : (n,) float64
        That of ``known``, or where nothing is known of it that of the network.
    is_zero : bool
        Whether the zero network is proven to be optimal, and then the only one: any other has the
        same fit and a penalty.
    """

    point: LongPoint
    known: KnownOptimum
    largest_price: float
    cells: PricedCells
    neurons: TightNeurons
    polytope: Polytope
    fit: Float64[np.ndarray, " n"]
    is_zero: bool

    @property
    def nu(self) -> Float64[np.ndarray, " n"]:
        """The dual point that was priced, in float64."""
        return np.asarray(self.point.nu.astype(np.float64))

    @property
    def bounds(self) -> OuterBounds:
        """What is proven of every optimal network."""
        return OuterBounds(self.neurons, self.known)

    def weight_range(self, neuron: int) -> Range:
        """Return the range of the weight of one neuron."""
        unit = np.zeros(self.neurons.n_neurons)
        unit[neuron] = 1.0
        found = self._range(unit, np.zeros_like(unit))
        positive = replace(found.interval, proven_low=max(found.interval.proven_low, 0.0))
        return replace(found, interval=positive)

    def prediction_range(self, row: Float64[np.ndarray, " d"]) -> Range:
        """Return the range of the prediction at a new row."""
        outputs = self.neurons.outputs_at(row[None])[0]
        length = float(row_lengths(row[None])[0])
        errors = length * (self.neurons.errors + 4.0 * EPS * (row.size + 4)) * (1.0 + 1e-12)
        return self._range(outputs, errors)

    def _range(self, g: Float64[np.ndarray, " k"], errors: Float64[np.ndarray, " k"]) -> Range:
        lowest, below = self.polytope.least(g)
        highest, above = self.polytope.least(-g)
        if self.neurons.dimension_high == 0:
            # proven to be one point, which a linear program may miss by its tolerance
            lowest = highest = self.polytope.start
        low, high = sorted((float(g @ lowest) + 0.0, float(g @ highest) + 0.0))
        proven_low = min(self.bounds.below(g, errors, below[None]), low)
        proven_high = max(-self.bounds.below(-g, errors, above[None]), high)
        # adding zero makes one of the two zeros
        interval = Interval(proven_low + 0.0, low, high, proven_high + 0.0)
        return Range(interval, np.array([lowest, highest]))


def describe(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    start: LongPoint,
) -> Description:
    """Find the optimal set from the network and the dual point that a solver left.

    Parameters
    ----------
    data, beta, loss
        The problem.
    patterns : PatternSet
        All open cells, told apart: what is proven is proven of these.
    start : LongPoint
        Nearly optimal; of no neurons where that is the zero network.

    Notes
    -----
    Cost: two screenings of all prices, and a non-negative least squares solve for each (cell, sign)
    whose price is near ``beta``.
    """
    at_zero = np.asarray(loss.dual_point(np.zeros(data.n), data.y))
    located = locate(data, beta, loss, patterns, start)
    point = start
    if start.signs.size:
        point = _refined(data, beta, loss, patterns, start, located.cells)
        located = locate(data, beta, loss, patterns, point)
    cells, largest = located.cells, located.largest_price
    known = _with_exact_entries(data, beta, loss, patterns, cells, located.known)
    neurons = tight_neurons(data, beta, patterns, cells, known)
    fit = known.fit
    if not np.isfinite(known.fit_radius):
        blocks = point.blocks.astype(np.float64)
        fit = np.asarray(np.maximum(data.X @ blocks.T, 0.0) @ point.signs)
    polytope = Polytope.of(neurons.columns, fit)
    is_zero = largest <= beta and np.array_equal(point.nu, at_zero)
    return Description(point, known, largest, cells, neurons, polytope, fit, is_zero)


def _refined(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    start: LongPoint,
    near: PricedCells,
) -> LongPoint:
    """Return the point of the smallest radius: the start, or one of those that two methods make."""
    nu = np.asarray(start.nu.astype(np.float64))
    polished = polish(data, beta, loss, patterns, near.pattern, near.sign, nu)
    blocks, signs = polished.blocks, polished.signs
    points = [start, LongPoint(blocks.astype(LONG), signs, polished.nu.astype(LONG))]
    bits = patterns.unpack(near.pattern[polished.owners])
    further = on_faces(data, beta, loss, bits, signs, blocks, polished.nu)
    if further is not None:
        points.append(further)

    def radius(point: LongPoint) -> float:
        cells = cells_at(data.X, patterns, point.nu, near.pattern, near.sign)
        largest = float(np.max(cells.price_high, initial=0.0))
        return known_optimum(data, beta, loss, point, largest).radius

    return min(points, key=radius)


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Hold how near a dual point is to the optimal one, and the cells that can be tight there."""

    known: KnownOptimum
    largest_price: float
    cells: PricedCells


def locate(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    point: LongPoint,
    nearby: float = 0.0,
) -> Located:
    """Price all cells, with a band below ``beta`` that is wide enough for the radius.

    The dual point that is meant may be ``nearby``: see `known_optimum`.
    """
    band, size = BAND, spectral_norm(data.X) * (1.0 + 1e-9)
    # what is not listed was priced at the float64 nearest to the dual point
    nu = point.nu
    tail = EPS * float(np.linalg.norm(nu.astype(np.float64)))
    while True:
        threshold = beta * (1.0 - band)
        cells = price_cells(data.X, patterns, nu, threshold)
        listed = float(np.max(cells.price_high, initial=0.0))
        largest = float(np.maximum(threshold + size * tail, listed)) + size * nearby
        known = known_optimum(data, beta, loss, point, largest, nearby)
        if size * known.radius < 0.5 * band * beta or band >= 0.9 or size == 0.0:
            break
        band = min(0.9, max(100.0 * band, 4.0 * size * known.radius / beta))
    if size > 0.0 and size * known.radius >= 0.5 * band * beta:
        # nothing is known of the prices: all cells can be tight
        cells = price_cells(data.X, patterns, nu, -1.0)
    return Located(known, largest, cells.over(cells.possibly_tight(beta, known.radius)))


def _with_exact_entries(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    cells: PricedCells,
    known: KnownOptimum,
) -> KnownOptimum:
    """Set the dual entries of samples on which no tight cell is active: the fit is zero there."""
    active = patterns.unpack(cells.pattern).any(axis=0) & np.any(data.X != 0.0, axis=1)
    idle = ~active
    nu = known.nu.copy()
    nu[idle] = loss.dual_point(np.zeros(data.n), data.y)[idle]
    errors = np.where(idle, 0.0, known.errors)
    return of_dual_point(data, beta, loss, nu, errors, known.radius)
