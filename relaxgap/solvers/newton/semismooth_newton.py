"""The structured solver: semismooth Newton on a working set, then a price of every block.

Few blocks are active at an optimum, so the augmented Lagrangian runs on a small working set, from
warm start to warm start; every block is priced at its dual point, violators join, idle blocks
leave, and the certificate holds for all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np

from relaxgap.certificates import DualCertificate, certify
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, in_force
from relaxgap.problems import Program, Units
from relaxgap.problems.losses import NewtonLoss, Smoothable
from relaxgap.solvers.base import (
    Solution,
    Solver,
    Status,
    last_of,
    no_worse_than,
    unsolved,
    with_better_bounds,
)
from relaxgap.solvers.column_generation import ColumnGeneration, master_rtol
from relaxgap.solvers.conic import ConicSolver
from relaxgap.solvers.going_on import going_on
from relaxgap.solvers.needs import refuse_unless_met
from relaxgap.solvers.newton import smoothing
from relaxgap.solvers.newton.choice import (
    has_kinks,
    is_square_small,
    loses_digits,
    method_of,
    refuse_square_beyond_memory,
    tall_way,
)
from relaxgap.solvers.newton.pricing_oracle import NAME
from relaxgap.solvers.newton.working_set import WorkingSet
from relaxgap.solvers.tall.rounds import Descent, TallSolver

MAX_IDLE_ROUNDS = 3
STAGE_RTOL, STAGE_ROUNDS = 0.1, 10
"""Relative gap, and most rounds, at a strength on the way to that of the program."""


@dataclass(frozen=True, slots=True)
class SemismoothNewton:
    """Solve a program over given patterns to a certified relative gap.

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

    References
    ----------
    Li, Sun & Toh (2018), arXiv 1607.05428, for the method on a fixed set of blocks.
    """

    name: ClassVar[str] = NAME
    needs: ClassVar[tuple[str, ...]] = (
        "loss.conjugate",
        "loss.conjugate_gradient",
        "loss.conjugate_curvature",
        "family.project",
    )

    rtol: float = 1e-6
    max_rounds: int = 60
    backend: Backend = NUMPY

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")
        if self.max_rounds < 1:
            raise ConfigurationError(f"Expected max_rounds >= 1, got {self.max_rounds}; raise it.")

    def solve(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Solution:
        """Solve from zero, or from the solution of a similar program over the same patterns.

        Parameters
        ----------
        program : Program
            Its loss has a smooth conjugate, or is one that a conic solver takes.
        start : Solution, optional
            Of a program with the same patterns: its blocks and its dual point are where the first
            working set begins.
        deadline : Deadline
            No new round begins after it; the bracket so far is returned, at a point no worse than
            the start's.

        Returns
        -------
        Solution
            ``n_iterations`` counts Newton steps, or the rounds of column generation above
            `MAX_BITS_WITH_MULTIPLIERS`; the bracket is the best of all rounds.

        Raises
        ------
        ConfigurationError
            If ``start`` has blocks of another shape, or the loss lacks a method of ``needs``.

        Notes
        -----
        A Newton step costs O(n^2 d A + n^3) for A active blocks, a round O(n^2 P) to price all
        P patterns. Memory: O(n P + d P + n^2). A program with many more samples than columns is
        solved by `GramNewton` or `ConeNewton`, which have no term in n^2 (`method`). Another
        cone-constrained program of more than `MAX_BITS_WITH_MULTIPLIERS` pattern bits is solved by
        `ColumnGeneration` whose restricted programs this solver solves, from the same start and
        under the same deadline, and by one whose restricted programs Clarabel solves where an
        offset or the units of columns leave a dual point too few digits, or the loss has kinks;
        above `smoothing.MIN_SAMPLES` samples its kinks are smoothed first (`smoothing`), which
        takes no list of rows and blocks to a conic solver, and tall data to the ways for them.
        """
        return last_of(self.rounds(program, start, deadline=deadline))

    def rounds(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Iterator[Solution]:
        """Yield the solution so far, round by round; see `Followed`."""
        if start is not None:
            _check_start(program, start)
        if (way := self._way(program)) is not None:
            yield from self._tall_rounds(way, program, start, deadline)
            return
        method = self.method(program)
        if method == self.name:
            refuse_unless_met(self.name, self.needs, program)
        match method:
            case smoothing.NAME:
                yield from self._smoothed_rounds(program, start, deadline)
            case ColumnGeneration.name:
                generated = ColumnGeneration(self.rtol, self._master(program))
                yield from generated.rounds(program, start, deadline=deadline)
            case _:
                yield from self._whole_rounds(program, start, deadline)

    def method(self, program: Program) -> str:
        """Return what `solve` runs on this program: its own name or that of another method."""
        return method_of(program, self.rtol, self.backend)

    def _smoothed_rounds(
        self, program: Program, start: Solution | None, deadline: Deadline
    ) -> Iterator[Solution]:
        """Go on by column generation where smoothing gets stuck and the data are not too many."""

        def solve(smooth: Program, rtol: float, start: Solution | None) -> Solution:
            return replace(self, rtol=rtol).solve(smooth, start, deadline=deadline)

        loss = cast(Smoothable, program.loss)
        first = smoothing.smoothed_rounds(program, loss, self.rtol, solve, start, deadline)
        if not is_square_small(program):
            return first
        columns = ColumnGeneration(self.rtol, self._master(program))
        return going_on(
            first,
            (Status.INACCURATE,),
            lambda best: columns.rounds(program, best, deadline=deadline),
            self.rtol,
        )

    def _tall_rounds(
        self,
        way: TallSolver,
        program: Program,
        start: Solution | None,
        deadline: Deadline,
        descent: Descent | None = None,
    ) -> Iterator[Solution]:
        """Go on with a system of order n where the ways for tall data get stuck, if it fits."""
        tall = way.rounds(program, start, deadline=deadline, descent=descent)
        if not is_square_small(program):
            return tall
        stuck = (Status.INACCURATE, Status.ROUND_LIMIT)
        return going_on(
            tall, stuck, lambda best: self._whole_rounds(program, best, deadline), self.rtol
        )

    def _way(self, program: Program) -> TallSolver | None:
        """Return the way for tall data that suits a program, if one does."""
        way = tall_way(program, self.backend)
        return None if way is None else way(self.rtol, self.max_rounds)

    def _master(self, program: Program) -> Solver:
        rtol = master_rtol(self.rtol)
        if has_kinks(program) or loses_digits(program, self.rtol):
            return ConicSolver(rtol=rtol)
        return _WholeProgram(replace(self, rtol=rtol))

    def solve_path(
        self, program: Program, betas: Sequence[float], *, deadline: Deadline = NEVER
    ) -> Iterator[Solution]:
        """Solve for one regularisation strength after another, each from the last solution.

        Parameters
        ----------
        program : Program
            Its own ``beta`` does not matter.
        betas : sequence of float
            Best from large to small; any order is solved.
        deadline : Deadline
            Ends the solve of the strength that is on, and those of all after it.

        Yields
        ------
        Solution
            One for each strength, in the order given; after the deadline a bracket that holds.

        Raises
        ------
        ConfigurationError
            If a strength is not positive and finite.
        """
        programs = [replace(program, beta=float(beta)) for beta in betas]
        units = Units.of(program)
        if units is None:
            for at_beta in programs:
                yield self.solve(at_beta, deadline=deadline)
            return
        last: Solution | None = None
        if (way := self._way(program)) is not None:
            descent = way.descent()
            for at_beta in programs:
                last = last_of(self._tall_rounds(way, at_beta, last, deadline, descent))
                yield last
            return
        if self.method(program) != self.name:
            for at_beta in programs:
                last = self.solve(at_beta, last, deadline=deadline)
                yield last
            return
        refuse_unless_met(self.name, self.needs, program)
        working_set: WorkingSet | None = None
        for at_beta in programs:
            scaled = units.scaled(at_beta)
            try:
                with in_force(deadline):
                    if working_set is None:
                        working_set = self._working_set(scaled)
                    else:
                        working_set.n_newton_steps = 0
                        working_set.change_beta(scaled.beta)
            except OutOfTimeError:
                yield replace(unsolved(at_beta), status=Status.TIME_LIMIT)
                continue
            yield last_of(self._close_gap(at_beta, working_set, units, deadline))

    def _whole_rounds(
        self, program: Program, start: Solution | None, deadline: Deadline
    ) -> Iterator[Solution]:
        units = Units.of(program)
        if units is None:
            zero = program.zero()
            yield Solution(zero, Status.SOLVED, certify(program, zero), 0)
            return
        refuse_square_beyond_memory(program)
        yield (first := unsolved(program))
        try:
            with in_force(deadline):
                working_set = self._working_set(units.scaled(program), start, units)
        except OutOfTimeError:
            yield no_worse_than(start, replace(first, status=Status.TIME_LIMIT), program)
            return
        for found in self._close_gap(program, working_set, units, deadline):
            late = found.status is Status.TIME_LIMIT
            yield no_worse_than(start, found, program) if late else found

    def _working_set(
        self, scaled: Program, start: Solution | None = None, units: Units | None = None
    ) -> WorkingSet:
        point = nu = None
        if start is not None and units is not None:
            point, nu = units.scaled_point(start.point), start.certificate.nu / units.y
        loss = cast(NewtonLoss, scaled.loss)
        return WorkingSet(scaled, loss, self.rtol, self.backend, point, nu)

    def _close_gap(
        self, program: Program, working_set: WorkingSet, units: Units, deadline: Deadline
    ) -> Iterator[Solution]:
        target = working_set.program.beta
        for beta in (stages := working_set.stages()):
            if deadline.has_passed:
                break
            working_set.change_beta(beta)
            coarse = replace(self, rtol=max(self.rtol, STAGE_RTOL), max_rounds=STAGE_ROUNDS)
            at_beta = replace(program, beta=units.beta * beta)
            last_of(coarse._rounds(at_beta, working_set, units, deadline))
        if stages:
            working_set.change_beta(target)
        yield from self._rounds(program, working_set, units, deadline)

    def _rounds(
        self, program: Program, working_set: WorkingSet, units: Units, deadline: Deadline
    ) -> Iterator[Solution]:
        nothing = DualCertificate(0.0 * program.data.y, np.inf, 0.0)
        best = Solution(program.zero(), Status.RUNNING, nothing, 0)
        best = _certified(best, program, working_set, units)
        idle, settle, status = 0, False, Status.ROUND_LIMIT
        for _ in range(self.max_rounds):
            gap = best.certificate.relative_gap
            if gap <= self.rtol:
                break
            if deadline.has_passed:
                status = Status.TIME_LIMIT
                break
            if idle >= MAX_IDLE_ROUNDS and working_set.entering.size == 0:
                status = Status.INACCURATE
                break
            yield best
            # where rows are almost parallel, bounds of prices hide which blocks are dear
            settle = settle or idle >= MAX_IDLE_ROUNDS
            try:
                with in_force(deadline):
                    working_set.advance(gap, settle)
            except OutOfTimeError:
                status = Status.TIME_LIMIT
                break
            if not working_set.is_finite:
                status = Status.INACCURATE
                break
            best = _certified(best, program, working_set, units)
            idle = idle + 1 if best.certificate.relative_gap > 0.9 * gap else 0
        solved = best.certificate.relative_gap <= self.rtol
        yield replace(best, status=Status.SOLVED if solved else status)


@dataclass(frozen=True, slots=True)
class _WholeProgram:
    """Solve restricted programs whole, however many samples they have."""

    newton: SemismoothNewton

    def solve(self, program: Program, *, deadline: Deadline = NEVER) -> Solution:
        return last_of(self.newton._whole_rounds(program, None, deadline))


def _check_start(program: Program, start: Solution) -> None:
    got = start.point.w.shape
    if got != program.shape:
        raise ConfigurationError(
            f"Expected a start with blocks of shape {program.shape}, got {got}; start from the "
            "same program at another beta."
        )


def _certified(best: Solution, program: Program, working_set: WorkingSet, units: Units) -> Solution:
    """Certify a round in the program's own units and keep the better of both bounds."""
    blocks = working_set.oracle.point(working_set.index, units.back(working_set.w))
    point = program.into_cones(blocks)
    multipliers = working_set.oracle.multipliers()
    if multipliers is not None:
        multipliers *= units.beta
    found = certify(program, point, units.y * working_set.nu, multipliers)
    return with_better_bounds(best, point, found, working_set.n_newton_steps)
