r"""The exact optimum over all patterns without ever handing all of them to a conic solver.

A restricted program over a few dozen patterns is solved, all patterns are priced at its residual,
the worst violators join and idle ones leave. The certificate prices *every* pattern, so the
bracket is one of the full program.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from relaxgap.certificates import (
    DualCertificate,
    block_prices,
    certify,
    feasible_dual,
    violating_patterns,
)
from relaxgap.errors import ConfigurationError
from relaxgap.problems.gated import GatedBlocks
from relaxgap.problems.relu import ConvexReLUProgram, SplitBlocks
from relaxgap.solvers.base import Point, Program, Solution, Solver, Status, tighter
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

    rtol: float = 1e-6
    master: Solver | None = None
    n_blocks: int = 20
    max_rounds: int = 100

    def __post_init__(self) -> None:
        if self.n_blocks < 1 or self.max_rounds < 1:
            raise ConfigurationError(
                f"Expected n_blocks >= 1 and max_rounds >= 1, got {self.n_blocks} and "
                f"{self.max_rounds}; the defaults are 20 and 100."
            )
        ConicSolver(rtol=self.rtol)

    def solve(self, program: Program) -> Solution:
        """Alternate restricted solves and pricing until the gap closes.

        Returns
        -------
        Solution
            ``n_iterations`` counts rounds; the bracket is the best of all rounds.
        """
        data, beta = program.data, program.beta
        zero = program.zero()
        best = Solution(zero, Status.ROUND_LIMIT, certify(program, zero), 0)
        if best.certificate.relative_gap <= self.rtol:
            return replace(best, status=Status.SOLVED)
        threshold = beta * (1.0 + 0.25 * self.rtol)
        at_zero = block_prices(program, data.y, threshold, exact=False)
        rows = violating_patterns(program, data.y, at_zero, self.n_blocks)
        master = self.master or ConicSolver(rtol=master_rtol(self.rtol))
        for n_rounds in range(1, self.max_rounds + 1):
            solution = master.solve(_restricted(program, rows))
            nu0 = solution.certificate.nu
            prices = block_prices(program, nu0, threshold, exact=False)
            found = np.setdiff1d(violating_patterns(program, nu0, prices, self.n_blocks), rows)
            if found.size == 0:
                prices = block_prices(program, nu0, threshold)
                found = np.setdiff1d(violating_patterns(program, nu0, prices, self.n_blocks), rows)
            nu, dual_value = feasible_dual(data.y, nu0, prices.largest, beta)
            improved = solution.certificate.primal_value < best.certificate.primal_value
            point = _expand(solution.point, program, rows) if improved else best.point
            bracket = DualCertificate(nu, solution.certificate.primal_value, dual_value)
            best = tighter(best, point, bracket, n_rounds)
            if best.certificate.relative_gap <= self.rtol:
                return replace(best, status=Status.SOLVED)
            if found.size == 0:
                return replace(best, status=Status.INACCURATE)
            used = rows[_is_active(solution.point)] if improved else rows
            rows = np.concatenate([used, found])
        return best


def _restricted(program: Program, rows: Int[np.ndarray, " k"]) -> Program:
    """Return the program over some of its patterns, with what is allowed there."""
    patterns = program.patterns.subset(rows)
    if isinstance(program, ConvexReLUProgram) and program.allowed is not None:
        return replace(program, patterns=patterns, allowed=program.allowed[:, rows])
    return replace(program, patterns=patterns)


def _is_active(point: Point) -> np.ndarray:
    blocks = (point.w,) if isinstance(point, GatedBlocks) else (point.u, point.v)
    return np.asarray(np.any([np.any(w != 0.0, axis=1) for w in blocks], axis=0))


def _expand(point: Point, program: Program, rows: Int[np.ndarray, " k"]) -> Point:
    """Place the blocks of a restricted point into the full program."""

    def place(w: np.ndarray) -> np.ndarray:
        full = np.zeros((program.patterns.n_patterns, program.data.d))
        full[rows] = w
        return full

    if isinstance(point, GatedBlocks):
        return GatedBlocks(place(point.w))
    return SplitBlocks(place(point.u), place(point.v))
