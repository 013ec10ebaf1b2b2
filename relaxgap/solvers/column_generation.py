r"""The exact optimum over all patterns without ever handing all of them to a conic solver.

A restricted program over a few dozen patterns is solved, all patterns are priced at its residual,
the worst violators join and idle ones leave. The certificate prices *every* pattern, so the
bracket is one of the full program.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from relaxgap.certificates import (
    DualCertificate,
    block_prices,
    certify,
    feasible_dual,
    violating_patterns,
)
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, in_force
from relaxgap.problems.program import Program
from relaxgap.solvers.base import (
    Solution,
    Solver,
    Status,
    last_of,
    no_worse_than,
    unsolved,
    with_better_bounds,
)
from relaxgap.solvers.conic import ConicSolver


def master_rtol(rtol: float) -> float:
    """Return the relative gap of the restricted programs for one of ``rtol`` over all patterns."""
    return min(0.1 * rtol, 1e-8)


@dataclass(frozen=True, slots=True)
class ColumnGeneration:
    """Solve a program over a very large set of patterns to a certified relative gap.

    Parameters
    ----------
    rtol : float
        Relative duality gap to reach.
    master : Solver or None
        Solves the restricted programs; None is Clarabel, a tenth as tight as ``rtol`` or tighter.
    n_blocks : int
        Patterns at the start and most patterns added in a round.
    max_rounds : int
        Rounds after which the best bracket so far is returned.

    References
    ----------
    Dantzig & Wolfe (1960); the dual constraint priced is that of Pilanci & Ergen (2020).
    """

    name: ClassVar[str] = "column_generation"

    rtol: float = 1e-6
    master: Solver | None = None
    n_blocks: int = 20
    max_rounds: int = 100

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")
        if self.n_blocks < 1 or self.max_rounds < 1:
            raise ConfigurationError(
                f"Expected n_blocks >= 1 and max_rounds >= 1, got {self.n_blocks} and "
                f"{self.max_rounds}; the defaults are 20 and 100."
            )

    def solve(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Solution:
        """Alternate restricted solves and pricing until the gap closes.

        Parameters
        ----------
        program : Program
            To solve.
        start : Solution, optional
            Of a program over the same patterns: its point counts, its patterns join the first
            restricted program, and the first prices are those at its fit.
        deadline : Deadline
            No new round begins after it; restricted solves end at it too.

        Returns
        -------
        Solution
            ``n_iterations`` counts rounds; the bracket is the best of all rounds.
        """
        return last_of(self.rounds(program, start, deadline=deadline))

    def rounds(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Iterator[Solution]:
        """Yield the solution so far, round by round; see `Followed`."""
        best = unsolved(program)
        yield best
        rounds = self._rounds(program, start, deadline)
        while True:
            try:
                with in_force(deadline):
                    best = next(rounds)
            except StopIteration:
                return
            except OutOfTimeError:
                yield no_worse_than(start, replace(best, status=Status.TIME_LIMIT), program)
                return
            yield best

    def _rounds(
        self, program: Program, start: Solution | None, deadline: Deadline
    ) -> Iterator[Solution]:
        data, beta = program.data, program.beta
        zero = program.zero()
        best = Solution(zero, Status.RUNNING, certify(program, zero), 0)
        nu0, used = program.dual_point(zero), np.zeros(0, dtype=np.int64)
        if start is not None:
            point = program.into_cones(start.point)
            nu0, used = program.dual_point(point), np.flatnonzero(point.active_patterns)
            found = certify(program, point, start.certificate.nu)
            best = with_better_bounds(best, point, found, 0)
        if best.certificate.relative_gap <= self.rtol:
            yield replace(best, status=Status.SOLVED)
            return
        yield best
        threshold = beta * (1.0 + 0.25 * self.rtol)
        prices = block_prices(program, nu0, threshold, exact=False)
        entering = violating_patterns(program, nu0, prices, self.n_blocks)
        rows = np.concatenate([used, np.setdiff1d(entering, used)]) if used.size else entering
        master = self.master or ConicSolver(rtol=master_rtol(self.rtol))
        for n_rounds in range(1, self.max_rounds + 1):
            if deadline.has_passed:
                yield replace(best, status=Status.TIME_LIMIT)
                return
            solution = master.solve(program.over(rows), deadline=deadline)
            nu0 = solution.certificate.nu
            value = solution.certificate.primal_value
            improved = value < best.certificate.primal_value
            point = program.placed(solution.point, rows) if improved else best.point
            # the prices of millions of patterns take a while, and a point holds without them
            unproven = DualCertificate(np.zeros_like(data.y), value, 0.0)
            yield (best := with_better_bounds(best, point, unproven, n_rounds))
            prices = block_prices(program, nu0, threshold, exact=False)
            entering = np.setdiff1d(violating_patterns(program, nu0, prices, self.n_blocks), rows)
            if entering.size == 0:
                prices = block_prices(program, nu0, threshold)
                violating = violating_patterns(program, nu0, prices, self.n_blocks)
                entering = np.setdiff1d(violating, rows)
            nu, dual_value = feasible_dual(data.y, nu0, prices.largest, beta, program.loss)
            bracket = DualCertificate(nu, value, dual_value)
            best = with_better_bounds(best, point, bracket, n_rounds)
            if best.certificate.relative_gap <= self.rtol:
                yield replace(best, status=Status.SOLVED)
                return
            if entering.size == 0:
                late = deadline.has_passed
                yield replace(best, status=Status.TIME_LIMIT if late else Status.INACCURATE)
                return
            yield best
            used = rows[solution.point.active_patterns] if improved else rows
            rows = np.concatenate([used, entering])
        yield replace(best, status=Status.ROUND_LIMIT)
