"""One solve over moments after another, with the combinations that the last one violates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.pair.cuts import Cuts
from relaxgap.certificates.all_patterns.pair.intervals import Intervals, violated_intervals
from relaxgap.certificates.all_patterns.pair.moments import BestMoments
from relaxgap.certificates.all_patterns.pair.price_bound import PairMultipliers
from relaxgap.certificates.all_patterns.pair.violated_combinations import (
    metric_rows,
    violated_combinations,
    violated_pairs,
)
from relaxgap.certificates.all_patterns.spectral.cones import Cones, Point
from relaxgap.certificates.all_patterns.spectral.path import solve_lifted
from relaxgap.certificates.prices.cones import SIGNS
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force

MAX_STEPS = 60
WEIGHT = 0.25
"""Of the neurons of each sign to start with, where 1 is worth the whole value."""
PAIR_ROUNDS = 3
"""Rounds of pairs, which are found at once, before all combinations."""
PAIRS_PER_ROW = 1
MANY_PAIRS = 0.1
"""Part of the rows below which pairs are too few for a round of theirs."""
SWEEPS = 15
ACCURACIES = 1e-2, 1e-3, 1e-4
"""Relative accuracies of rounds: loose moments are central, and violate more deeply."""
VIOLATED = 0.3
"""Least violation of a combination, for an accuracy of 1."""
USED = 1e-3
"""Combinations that move less than this part of what one moves are dropped."""
PATIENCE = 3
"""Rounds in which the value must move by the accuracy."""


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Hold a solve.

    Parameters
    ----------
    problem : BestMoments
        What was solved.
    point : Point
        Where it ended.
    cones : list of Cones
        Multipliers of the cones of each sign.
    nu : (n,) float64
        Its dual point.
    converged : bool
        Whether it met its accuracy.
    """

    problem: BestMoments
    point: Point
    cones: Sequence[Cones]
    nu: Float64[np.ndarray, " n"]
    converged: bool

    def multipliers(self, s: int, basis: Float64[np.ndarray, "k d"]) -> PairMultipliers:
        """Return what the multipliers of one sign prove with, of rows in the given basis."""
        n, given = self.nu.size, self.cones[s]
        unit = float(np.abs(self.nu).max(initial=0.0))
        unit = unit if unit > 0.0 else 1.0
        beside = self.problem.intervals[s]
        return PairMultipliers(
            (0.5 * SIGNS[s] * self.nu - given.left[:n] + given.right) / unit,
            given.blocks[:n, 1, 1] / unit,
            Intervals(beside.row, beside.directions @ basis),
            given.budget[:-1] / unit,
            self.problem.combinations[s],
            given.left[n:] / unit,
            given.blocks[n:, 1, 1] / unit,
        )


class Rounds:
    """Solve, look for violated combinations, and say when to end."""

    def __init__(self) -> None:
        self._n_rounds = self._accuracy = 0
        self._values: list[float] = []

    def solve(self, problem: BestMoments, deadline: Deadline) -> Round:
        """Solve over the combinations so far."""
        start, barrier = problem.start(WEIGHT)
        # what overflows ends the solve, and the multipliers so far prove what they can
        with np.errstate(all="ignore"):
            found = solve_lifted(
                problem, start, barrier, MAX_STEPS, ACCURACIES[self._accuracy], deadline
            )
            nu = problem.dual_point(found.point)
        return Round(problem, found.point, found.multipliers, nu, found.converged)

    def next(self, found: Round, deadline: Deadline) -> tuple[Cuts, Cuts] | None:
        """Return the cuts to go on with, None if there is nothing to gain or no time."""
        if not found.converged or deadline.has_passed:
            return None
        self._n_rounds += 1
        self._values.append(found.problem.value(found.point))
        recent = self._values[-1 - PATIENCE :]
        change = max(recent) - min(recent)
        stalls = len(recent) > PATIENCE and change < ACCURACIES[self._accuracy] * max(recent)
        try:
            with in_force(deadline):
                more = [self._violated(found, s) for s in range(2)]
        except OutOfTimeError:
            return None
        if stalls or not any(one.count for one in more):
            self._accuracy += 1
            self._values = []
            if self._accuracy == len(ACCURACIES):
                return None
        first, second = (_used(found, s).with_more(one) for s, one in enumerate(more))
        return first, second

    def _violated(self, found: Round, s: int) -> Cuts:
        problem, least = found.problem, VIOLATED * ACCURACIES[self._accuracy]
        moments, sizes, _ = problem.parts(found.point)[s]
        second, b = moments[1:, 1:] / moments[0, 0], sizes / moments[0, 0]
        intervals = violated_intervals(problem.rows, second, b, least)
        y = metric_rows(problem.rows, second)
        if self._n_rounds <= PAIR_ROUNDS:
            pairs = violated_pairs(y, b, PAIRS_PER_ROW, least)
            if pairs.count > MANY_PAIRS * b.size:
                return Cuts(pairs, intervals)
        every = np.arange(b.size)
        return Cuts(violated_combinations(y, b, every, SWEEPS, least), intervals)


def _used(found: Round, s: int) -> Cuts:
    given, n = found.cones[s], found.nu.size
    moved, lowered = given.left[n:], given.budget[:-1]
    return Cuts(
        found.problem.combinations[s].where(moved > USED * moved.max(initial=0.0)),
        found.problem.intervals[s].where(lowered > USED * lowered.max(initial=0.0)),
    )
