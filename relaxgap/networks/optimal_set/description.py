"""The optimal set of a problem whose patterns are listed: what is proven and what is computed."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.face_newton import on_faces
from relaxgap.networks.optimal_set.known_optimum import KnownOptimum, known_optimum
from relaxgap.networks.optimal_set.located import Located, locate, with_exact_entries
from relaxgap.networks.optimal_set.long_numbers import LONG, LongPoint
from relaxgap.networks.optimal_set.outer_bounds import OuterBounds
from relaxgap.networks.optimal_set.polishing import polish
from relaxgap.networks.optimal_set.polytope import Polytope
from relaxgap.networks.optimal_set.priced_cells import PricedCells, cells_at
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.optimal_set.tight_neurons import TightNeurons, tight_neurons
from relaxgap.networks.optimal_set.zero_network import zero_network
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths, spectral_norm
from relaxgap.patterns.pattern_set import PatternSet


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
        That of the network, or, if it is farther from the optimal one than ``known``, the latter.
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
        return self._with_constant(self._range(outputs, errors + self.neurons.mean_errors))

    def constant_range(self) -> Range:
        """Return the range of the output bias."""
        g = -self.neurons.means
        return self._with_constant(self._range(g, self.neurons.mean_errors))

    def constant(self, weights: Float64[np.ndarray, " k"]) -> float:
        """Return the output bias of a network of these weights."""
        return self.known.constant - float(self.neurons.means @ weights)

    def _with_constant(self, found: Range) -> Range:
        """Add what all optimal networks have beside the neurons."""
        at, off, ends = self.known.constant, self.known.constant_error, found.interval
        # no end is off by more than two roundings of its own
        if at != 0.0:
            off += 4.0 * EPS * (abs(at) + abs(ends.proven_low) + abs(ends.proven_high))
        moved = Interval(
            at + ends.proven_low - off, at + ends.low, at + ends.high, at + ends.proven_high + off
        )
        return replace(found, interval=moved)

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
    problem: Problem,
    patterns: PatternSet,
    start: LongPoint,
) -> Description:
    """Find the optimal set from the network and the dual point that a solver left.

    Parameters
    ----------
    problem : Problem
        Whose optimal networks are meant.
    patterns : PatternSet
        All open cells, told apart: what is proven is proven of these.
    start : LongPoint
        Nearly optimal; without a neuron where that is the zero network, as far as is known.

    Notes
    -----
    Cost: two screenings of all prices, and a non-negative least squares solve for each (cell, sign)
    whose price is near ``beta``.
    """
    data = problem.data
    located = locate(problem, patterns, start)
    point = start
    if not _is_zero(problem, start, located):
        # also of a start without a neuron: near beta_max that is within the accuracy of a solver
        point = _refined(problem, patterns, start, located.cells)
        located = locate(problem, patterns, point)
    cells, largest = located.cells, located.largest_price
    known = with_exact_entries(problem, patterns, cells, located.known)
    neurons = tight_neurons(problem, patterns, cells, known)
    fit = np.asarray((np.maximum(data.X @ point.blocks.T, 0.0) @ point.signs).astype(np.float64))
    fit = fit - problem.means(fit[:, None])[0]
    if float(np.linalg.norm(fit - known.fit)) > known.fit_radius:
        # that of a worse point; of one that is as good it has the digits of a small fit
        fit = known.fit
    polytope = Polytope.of(neurons.columns, fit)
    is_zero = _is_zero(problem, point, located)
    # the next float64 above
    largest_price = float(np.nextafter(np.float64(largest), np.inf))
    return Description(point, known, largest_price, cells, neurons, polytope, fit, is_zero)


def _is_zero(problem: Problem, point: LongPoint, located: Located) -> bool:
    """Say whether a dual point is that of the zero network, which its prices prove optimal."""
    zero, off = zero_network(problem)
    if not np.array_equal(point.nu, zero.nu):
        return False
    moved = LONG(spectral_norm(problem.data.X) * (1.0 + 1e-9) * off)
    return bool(located.largest_price + moved <= problem.beta)


def _refined(
    problem: Problem,
    patterns: PatternSet,
    start: LongPoint,
    near: PricedCells,
) -> LongPoint:
    """Return the point of the smallest radius: the start, or one of those that two methods make."""
    nu = np.asarray(start.nu.astype(np.float64))
    polished = polish(problem, patterns, near.pattern, near.sign, nu)
    blocks = polished.blocks.astype(LONG)
    points = [start]
    points.append(
        LongPoint(blocks, polished.signs, polished.nu.astype(LONG), LONG(polished.constant))
    )
    bits = patterns.unpack(near.pattern[polished.owners])
    further = on_faces(problem, bits, polished)
    if further is not None:
        points.append(further)

    def radius(point: LongPoint) -> float:
        X, off = problem.data.X, float(np.linalg.norm(problem.off_balance(point.nu)))
        cells = cells_at(X, patterns, point.nu, near.pattern, near.sign)
        largest = LONG(np.max(cells.price_high, initial=0.0)) + LONG(spectral_norm(X) * off * 1.001)
        return known_optimum(problem, point, largest).radius

    return min(points, key=radius)
