"""The structured solver: semismooth Newton on a working set, then a price of every block.

Few blocks are active at an optimum, so the augmented Lagrangian runs on a small working set, from
warm start to warm start; every block is priced at its dual point, violators join, idle blocks
leave, and the certificate holds for all of them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from relaxgap.certificates import DualCertificate, certify
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.problems import ConvexReLUProgram, GatedBlocks, SplitBlocks
from relaxgap.solvers.base import Point, Program, Solution, Status, feasible, tighter
from relaxgap.solvers.column_generation import ColumnGeneration, master_rtol
from relaxgap.solvers.newton.rounds import Rounds

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
    backend : Backend
        Library, device and precision to compute with. Points and certificates are float64 NumPy
        whatever it is; in float32 a small ``rtol`` may end in a wider bracket, never a false one.
    max_seconds : float or None
        Time after which no new round begins; the bracket so far is returned.

    References
    ----------
    Li, Sun & Toh (2018), arXiv 1607.05428, for the method on a fixed set of blocks.
    """

    rtol: float = 1e-6
    max_rounds: int = 60
    backend: Backend = NUMPY
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")
        if self.max_rounds < 1:
            raise ConfigurationError(f"Expected max_rounds >= 1, got {self.max_rounds}; raise it.")

    def solve(self, program: Program, start: Solution | None = None) -> Solution:
        """Solve from zero, or from the solution of a similar program over the same patterns.

        Returns
        -------
        Solution
            ``n_iterations`` counts Newton steps; the bracket is the best of all rounds.

        Raises
        ------
        ConfigurationError
            If ``start`` has blocks of another shape.

        Notes
        -----
        A Newton step costs O(n^2 d A + n^3) for A active blocks, a round O(n^2 P) to price all
        P patterns. Memory: O(n P + d P + n^2). Above 20 million pattern bits a cone-constrained
        program is left to `ColumnGeneration`, with this solver as its master.
        """
        if start is not None:
            _check_start(program, start)
        if _has_too_many_cones(program):
            master = _Master(replace(self, rtol=master_rtol(self.rtol)))
            return ColumnGeneration(self.rtol, master).solve(program)
        return self._solve_whole(program, start)

    def _solve_whole(self, program: Program, start: Solution | None = None) -> Solution:
        units = _Units.of(program)
        if units is None:
            return _solved_by_zero(program)
        scaled = units.scaled(program)
        if start is None:
            rounds = Rounds(scaled, self.rtol, self.backend)
        else:
            point, nu = units.point_in(start.point), start.certificate.nu / units.y
            rounds = Rounds(scaled, self.rtol, self.backend, point, nu)
        return self._close_gap(program, rounds, units)

    def solve_path(self, program: Program, betas: Sequence[float]) -> Iterator[Solution]:
        """Solve for one regularisation strength after another, each from the last solution.

        Parameters
        ----------
        program : ConvexReLUProgram or GatedReLUProgram
            Its own ``beta`` does not matter.
        betas : sequence of float
            Best from large to small; any order is solved.

        Yields
        ------
        Solution
            One for each strength, in the order given.

        Raises
        ------
        ConfigurationError
            If a strength is not positive and finite.
        """
        programs = [replace(program, beta=float(beta)) for beta in betas]
        units = _Units.of(program)
        if units is None or _has_too_many_cones(program):
            yield from map(self.solve, programs)
            return
        rounds: Rounds | None = None
        for at_beta in programs:
            scaled = units.scaled(at_beta)
            if rounds is None:
                rounds = Rounds(scaled, self.rtol, self.backend)
            else:
                rounds.change_beta(scaled.beta)
            yield self._close_gap(at_beta, rounds, units)

    def _close_gap(self, program: Program, rounds: Rounds, units: "_Units") -> Solution:
        nothing = DualCertificate(0.0 * program.data.y, np.inf, 0.0)
        best = Solution(program.zero(), Status.ROUND_LIMIT, nothing, 0)
        best = _certified(best, program, rounds, units)
        idle = 0
        end = np.inf if self.max_seconds is None else time.monotonic() + self.max_seconds
        for _ in range(self.max_rounds):
            gap = best.certificate.relative_gap
            if gap <= self.rtol:
                return replace(best, status=Status.SOLVED)
            if time.monotonic() > end:
                return replace(best, status=Status.TIME_LIMIT)
            if idle >= MOST_IDLE_ROUNDS and rounds.entering.size == 0:
                return replace(best, status=Status.INACCURATE)
            rounds.advance(gap)
            best = _certified(best, program, rounds, units)
            idle = idle + 1 if best.certificate.relative_gap > 0.9 * gap else 0
        solved = best.certificate.relative_gap <= self.rtol
        return replace(best, status=Status.SOLVED) if solved else best


@dataclass(frozen=True, slots=True)
class _Master:
    """Solve restricted programs whole, however many samples they have."""

    newton: SemismoothNewton

    def solve(self, program: Program) -> Solution:
        return self.newton._solve_whole(program)


@dataclass(frozen=True, slots=True)
class _Units:
    """Units of the rows and of the labels in which ``X`` and ``y`` have norm 1."""

    X: float
    y: float

    @classmethod
    def of(cls, program: Program) -> "_Units | None":
        """Return None if ``X`` or ``y`` is zero."""
        units = cls(float(np.linalg.norm(program.data.X, 2)), float(np.linalg.norm(program.data.y)))
        return units if units.X > 0.0 and units.y > 0.0 else None

    def scaled(self, program: Program) -> Program:
        data = Dataset(program.data.X / self.X, program.data.y / self.y)
        return replace(program, data=data, beta=program.beta / (self.X * self.y))

    def point_in(self, point: Point) -> Point:
        factor = self.X / self.y
        if isinstance(point, SplitBlocks):
            return SplitBlocks(factor * point.u, factor * point.v)
        return GatedBlocks(factor * point.w)


def _has_too_many_cones(program: Program) -> bool:
    n_entries = program.patterns.n_patterns * program.data.n
    return isinstance(program, ConvexReLUProgram) and n_entries > MOST_ENTRIES


def _check_start(program: Program, start: Solution) -> None:
    expected, got = program.zero(), start.point
    shapes = [w.w.shape if isinstance(w, GatedBlocks) else w.u.shape for w in (expected, got)]
    if type(expected) is not type(got) or shapes[0] != shapes[1]:
        raise ConfigurationError(
            f"Expected a start with {type(expected).__name__} of shape {shapes[0]}, got "
            f"{type(got).__name__} of shape {shapes[1]}; start from the same program at another "
            "beta."
        )


def _solved_by_zero(program: Program) -> Solution:
    zero = program.zero()
    return Solution(zero, Status.SOLVED, certify(program, zero), 0)


def _certified(best: Solution, program: Program, rounds: Rounds, units: _Units) -> Solution:
    """Certify a round in the program's own units and keep the better of both bounds."""
    point = feasible(program, rounds.all.point(rounds.index, (units.y / units.X) * rounds.w))
    multipliers = rounds.all.multipliers()
    if multipliers is not None:
        multipliers *= units.X * units.y
    found = certify(program, point, units.y * rounds.nu, multipliers)
    return tighter(best, point, found, rounds.n_newton_steps)
