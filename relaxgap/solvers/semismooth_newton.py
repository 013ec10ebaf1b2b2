"""The structured solver: semismooth Newton on a working set, then a price of every block.

Few blocks are active at an optimum, so the augmented Lagrangian runs on a small working set, from
warm start to warm start; every block is priced at its dual point, violators join, idle blocks
leave, and the certificate holds for all of them.
"""

from dataclasses import dataclass, replace

import numpy as np

from relaxgap.certificates import DualCertificate, certify
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.programs import ConvexReLUProgram, GatedReLUProgram
from relaxgap.solvers.augmented_lagrangian import GROWTH, AugmentedLagrangian
from relaxgap.solvers.base import Program, Solution, Status, feasible, tighter
from relaxgap.solvers.working_set import AllBlocks, AllConeBlocks, AllFreeBlocks

FEWEST_BLOCKS = 40
FIRST_SIGMA = 4.0
MOST_OUTER_STEPS = 12
MOST_IDLE_ROUNDS = 3
MOST_ENTRIES = 20_000_000
"""Patterns times samples above which the multipliers of all cones are too many to keep."""


@dataclass(frozen=True, slots=True)
class SemismoothNewton:
    """Solve either program over sampled patterns to a certified relative gap.

    There is nothing to tune: the program is solved in units where ``X`` and ``y`` have norm 1.

    Parameters
    ----------
    rtol : float
        Relative duality gap to reach.
    max_rounds : int
        Working sets after which the best bracket so far is returned.

    References
    ----------
    Li, Sun & Toh (2018), arXiv 1607.05428, for the method on a fixed set of blocks.
    """

    rtol: float = 1e-6
    max_rounds: int = 60

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")
        if self.max_rounds < 1:
            raise ConfigurationError(f"Expected max_rounds >= 1, got {self.max_rounds}; raise it.")

    def solve(self, program: Program) -> Solution:
        """Solve from zero.

        Returns
        -------
        Solution
            ``n_iterations`` counts Newton steps; the bracket is the best of all rounds.

        Raises
        ------
        ConfigurationError
            If a cone-constrained program has more than 20 million pattern bits.

        Notes
        -----
        A Newton step costs O(n^2 d A + n^3) for A active blocks, a round O(n^2 P) to price all
        P patterns. Memory: O(n P + d P + n^2).
        """
        n_entries = program.patterns.n_patterns * program.data.n
        if isinstance(program, ConvexReLUProgram) and n_entries > MOST_ENTRIES:
            raise ConfigurationError(
                f"Expected at most {MOST_ENTRIES:,} pattern bits, got {n_entries:,}; use "
                "column generation for this many patterns."
            )
        zero = program.zero()
        best = Solution(
            zero, Status.ROUND_LIMIT, DualCertificate(0.0 * program.data.y, np.inf, 0.0), 0
        )
        x_unit = float(np.linalg.norm(program.data.X, 2))
        y_unit = float(np.linalg.norm(program.data.y))
        if x_unit == 0.0 or y_unit == 0.0:
            return replace(best, status=Status.SOLVED, certificate=certify(program, zero))
        scaled = replace(
            program,
            data=Dataset(program.data.X / x_unit, program.data.y / y_unit),
            beta=program.beta / (x_unit * y_unit),
        )
        rounds = _Rounds(scaled, self.rtol)
        best = _certified(best, program, rounds, x_unit, y_unit)
        if best.certificate.relative_gap <= self.rtol:
            return replace(best, status=Status.SOLVED)
        idle = 0
        for _ in range(self.max_rounds):
            gap = best.certificate.relative_gap
            rounds.advance(gap)
            best = _certified(best, program, rounds, x_unit, y_unit)
            if best.certificate.relative_gap <= self.rtol:
                return replace(best, status=Status.SOLVED)
            idle = idle + 1 if best.certificate.relative_gap > 0.9 * gap else 0
            if idle >= MOST_IDLE_ROUNDS and rounds.entering.size == 0:
                return replace(best, status=Status.INACCURATE)
        return best


def _certified(
    best: Solution, program: Program, rounds: "_Rounds", x_unit: float, y_unit: float
) -> Solution:
    """Certify a round in the program's own units and keep the better of both bounds."""
    point = feasible(program, rounds.all.point(rounds.index, (y_unit / x_unit) * rounds.w))
    multipliers = rounds.all.multipliers()
    if multipliers is not None:
        multipliers *= x_unit * y_unit
    found = certify(program, point, y_unit * rounds.nu, multipliers)
    return tighter(best, point, found, rounds.n_newton_steps)


class _Rounds:
    """The working set and what is carried from one to the next."""

    def __init__(self, program: Program, rtol: float) -> None:
        self.program, self.rtol = program, rtol
        self.all: AllBlocks = (
            AllFreeBlocks(program)
            if isinstance(program, GatedReLUProgram)
            else AllConeBlocks(program)
        )
        self.level = program.beta * (1.0 + 0.2 * rtol)
        self.nu = program.data.y
        bounds = self.all.bounds(self.nu, self.level, FEWEST_BLOCKS)
        self.index = np.zeros(0, dtype=np.intp)
        self.w = np.zeros((0, program.data.d))
        self.entering = np.argsort(-bounds, kind="stable")[:FEWEST_BLOCKS]
        self.sigma, self.tolerance = FIRST_SIGMA, 1e-2
        self.n_newton_steps = 0

    def advance(self, gap: float) -> None:
        """Solve over the working set to a fraction of the gap so far, then price every block."""
        program = self.program
        self.index = np.concatenate([self.index, self.entering])
        entering = np.zeros((self.entering.size, program.data.d))
        operator = self.all.operator(self.index, self.sigma)
        lagrangian = AugmentedLagrangian(
            operator,
            program.data.y,
            program.beta,
            self.nu,
            np.concatenate([self.w, entering]),
            self.sigma,
        )
        for _ in range(MOST_OUTER_STEPS):
            lagrangian.advance(self.tolerance)
            self.tolerance = max(0.3 * self.tolerance, 0.1 * self.rtol)
            if lagrangian.relative_gap <= max(0.3 * self.rtol, 0.1 * gap):
                break
        self.all.absorb(self.index, operator, lagrangian.sigma)
        self.nu = lagrangian.nu
        self.n_newton_steps += lagrangian.n_newton_steps
        used = lagrangian.used
        bounds = self.all.bounds(self.nu, self.level, max(100, self.index.size))
        violators = np.setdiff1d(np.flatnonzero(bounds > self.level), self.index)
        largest = np.argsort(-bounds[violators], kind="stable")[: max(FEWEST_BLOCKS, used.size)]
        self.index, self.w = self.index[used], lagrangian.w[used]
        self.entering = violators[largest]
        # new blocks want a shorter step; without any the next round only polishes
        shorter = GROWTH**2 if self.entering.size else 1.0
        self.sigma = max(lagrangian.sigma / shorter, FIRST_SIGMA)
