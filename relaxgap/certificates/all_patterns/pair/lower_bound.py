r"""Lower bounds of the optimum over networks of any width from moments of their neurons.

Rounds: solve for the best dual point that the combinations of rows so far prove feasible, prove its
price, add the combinations that its moments violate and drop those of no use. Only rows that matter
take part: where the dual point is zero the label is fitted for free, and a row joins when the
moments cannot fit it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.certificates.all_patterns.pair.cuts import Cuts
from relaxgap.certificates.all_patterns.pair.intervals import Intervals
from relaxgap.certificates.all_patterns.pair.moments import BestMoments, LossOfMoments
from relaxgap.certificates.all_patterns.pair.price_bound import pair_price_bound
from relaxgap.certificates.all_patterns.pair.rounds import Rounds
from relaxgap.certificates.all_patterns.pair.rows import UnitRows
from relaxgap.certificates.all_patterns.spectral.cones import Point
from relaxgap.certificates.all_patterns.spectral.problem import quadratic_forms
from relaxgap.certificates.prices.cones import SIGNS
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.numerics.rounding import TINY, rounding_bound
from relaxgap.numerics.rows import row_lengths
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.losses.base import NewtonLoss, Smoothable

NEGLIGIBLE = 1e-10
"""A row that no network worth its weights fits more than this part of the labels."""
WIDTH = 0.3
"""Of the kinks of a loss that is smoothed, as a part of the value of a sample."""
MAX_ROWS = 1000
MAX_JOINING = 250
USED = 1e-3
"""Dual entries below this part of the largest are zero, and their rows leave."""


@dataclass(frozen=True, slots=True, eq=False)
class PricedDual:
    """Hold a dual point and a proven price.

    Parameters
    ----------
    nu : (n,) float64
        The dual point.
    price_bound : float
        An upper bound of its price over all neurons of both signs, rounding included.
    n_rows, n_cuts : int
        Rows that took part, and what their moments were asked to obey beside.
    """

    nu: Float64[np.ndarray, " n"]
    price_bound: float
    n_rows: int
    n_cuts: int


def pair_lower_bounds(
    data: Dataset,
    beta: float,
    value: float,
    nu0: Float64[np.ndarray, " n"],
    loss: Loss = SQUARED,
    deadline: Deadline = NEVER,
) -> Iterator[PricedDual]:
    r"""Yield one dual point with a proven price after another.

    Parameters
    ----------
    data : Dataset
        ``X`` (n, d) and ``y`` (n,).
    beta : float
        Regularisation strength, positive.
    value : float
        A training loss that some network attains; it sets the scale.
    nu0 : (n,) float64
        A dual point that says which rows to begin with, where there are too many.
    loss : Loss
        Of the fit; one with kinks is smoothed, and one that is neither yields nothing.
    deadline : Deadline
        When to stop.

    Notes
    -----
    Cost of a round: some 15 Newton steps, each a Cholesky factorisation of size
    (k + 1)(k + 2) + 2 n for the rank k and the n rows that take part.
    """
    smooth = _smooth(loss, WIDTH * value / data.n)
    if smooth is None:
        return
    lengths = row_lengths(data.X)
    heavy = lengths * float(np.linalg.norm(data.y)) > NEGLIGIBLE * beta
    # what matters too little for a network to fit it is not fitted, at a price
    resting = np.where(heavy, 0.0, loss.dual_point(np.zeros_like(data.y), data.y))
    outside = _price_by_lengths(data.X[~heavy], resting[~heavy])
    scale = value - loss.value(np.zeros_like(data.y[~heavy]), data.y[~heavy])
    if not (np.any(heavy) and scale > 0.0):
        return
    unit = UnitRows.of(data.X, np.flatnonzero(heavy))
    # weights in units of what they would be if they were all of the value
    whole = LossOfMoments(smooth, data.y[heavy], unit.lengths * (scale / beta), scale)
    price = np.abs(nu0[heavy]) * unit.lengths
    some = np.sort(np.argsort(-price, kind="stable")[:MAX_ROWS])
    rounds = Rounds()
    cuts = (Cuts(Combinations.none(some.size), Intervals.of_rows(unit.rows[some])),) * 2
    while True:
        problem = BestMoments.of(
            unit.rows[some],
            whole.of_rows(some),
            (cuts[0].combinations, cuts[1].combinations),
            (cuts[0].intervals, cuts[1].intervals),
        )
        found = rounds.solve(problem, deadline)
        nu, own = resting.copy(), unit.samples[some]
        nu[own] = found.nu * beta / unit.lengths[some]
        price_bound = outside + max(
            pair_price_bound(data.X[own], sign * nu[own], found.multipliers(s, unit.basis))
            for s, sign in enumerate(SIGNS)
        )
        yield PricedDual(nu, price_bound, some.size, cuts[0].count + cuts[1].count)
        more = rounds.next(found, deadline)
        if more is None:
            return
        kept = np.abs(found.nu) > USED * np.abs(found.nu).max(initial=0.0)
        for one in more:
            kept |= np.any(one.combinations.coefficients != 0.0, axis=0)
            kept[one.combinations.row] = True
        joining = _unfitted(problem, found.point, unit.rows, whole, some)
        before, some = some[kept], np.union1d(some[kept], joining)
        if some.size == 0:
            return
        places = np.searchsorted(some, before)
        cuts = more[0].moved(kept, places, some.size), more[1].moved(kept, places, some.size)


def _smooth(loss: Loss, width: float) -> NewtonLoss | None:
    """Return the loss, or one near it whose kinks have a width."""
    if isinstance(loss, NewtonLoss):
        return loss
    return loss.smoothed(width) if isinstance(loss, Smoothable) and width > 0.0 else None


def _price_by_lengths(X: Float64[np.ndarray, "n d"], nu: Float64[np.ndarray, " n"]) -> float:
    price = float(np.abs(nu) @ row_lengths(X))
    # products that underflow count too
    return price + float(rounding_bound(nu.size, X.shape[1], price)) + nu.size * TINY


def _unfitted(
    problem: BestMoments,
    point: Point,
    rows: Float64[np.ndarray, "n k"],
    loss: LossOfMoments,
    some: Int[np.ndarray, " m"],
) -> Int[np.ndarray, " j"]:
    """Return rows whose loss falls at every fit that the moments allow, the steepest first."""
    high, low = np.zeros_like(loss.y), np.zeros_like(loss.y)
    for sign, (moments, _, _) in zip(SIGNS, problem.parts(point), strict=True):
        mean = rows @ moments[0, 1:]
        squares = quadratic_forms(rows, moments[1:, 1:])
        most = 0.5 * (mean + np.sqrt(moments[0, 0] * squares))
        least = 0.5 * (mean + np.maximum(np.abs(mean), squares))
        high += most if sign > 0.0 else -least
        low += least if sign > 0.0 else -most
    missing = np.maximum(loss.dual_point(high), -loss.dual_point(low))
    missing[some] = 0.0
    order = np.argsort(-missing)[: min(MAX_JOINING, MAX_ROWS - some.size)]
    slight = USED * np.abs(problem.dual_point(point)).max(initial=0.0)
    return np.asarray(order[missing[order] > slight])
