"""What solvers for tall data share: from scaled iterates to certified solutions, round by round."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import certify
from relaxgap.certificates.prices.row_multipliers import RowMultipliers
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, in_force
from relaxgap.problems import Blocks, Program, Units
from relaxgap.problems.losses import BoundedCurvature
from relaxgap.solvers.base import (
    Solution,
    Status,
    last_of,
    no_worse_than,
    unsolved,
    with_better_bounds,
)

CERTIFIED_STEP = 0.3
"""Part of the last proven gap at which a point is certified anew: that takes a few passes."""
MAX_IDLE_ROUNDS, SLOW, LITTLE, FALL = 6, 0.5, 0.9, 3e-3
"""Rounds in a row that leave more than a ``LITTLE`` less than all of the gap, while the value falls
by less than a part ``FALL`` of it, after which it is left as it is; one is slow that leaves more
than ``SLOW``."""

LEAST_UNIT = 1e-6
"""Norms of ``X`` from here to its inverse leave float32 all its digits."""

BlockArray = Float64[np.ndarray, "S P d"]


@dataclass(frozen=True, slots=True, eq=False)
class DualPoint:
    """Hold a dual point in scaled units with cone multipliers that price it."""

    nu: Float64[np.ndarray, " n"]
    multipliers: RowMultipliers


@dataclass(frozen=True, slots=True, eq=False)
class Iterate:
    """Hold a point of the program in scaled units, and its gap up to rounding.

    Parameters
    ----------
    blocks : callable
        Returns the point, in its cones.
    gap : float
        Relative, of the best lower bound so far.
    n_steps : int
        Rounds taken.
    is_idle, is_last : bool
        Whether the gap has ceased to shrink, and whether no iterate follows.
    dual : DualPoint, optional
        What proves the lower bound; the residual of the point if None.
    """

    blocks: Callable[[], BlockArray]
    gap: float
    n_steps: int
    is_idle: bool
    is_last: bool
    dual: DualPoint | None = None


class Progress:
    """Follow the best lower bound, and how the gap to it shrinks."""

    def __init__(self) -> None:
        self.lower, self.gap, self.is_slow = 0.0, np.inf, False
        self._least, self._least_value, self._n_idle = np.inf, np.inf, 0

    def add(self, value: float, dual_value: float) -> None:
        """Take the values of a round."""
        self.lower = max(self.lower, dual_value)
        self.gap = (value - self.lower) / value if value > 0.0 else 0.0
        self.is_slow = self.gap > SLOW * self._least
        falls = value < self._least_value - FALL * self.gap * abs(value)
        self._n_idle = self._n_idle + 1 if self.gap > LITTLE * self._least and not falls else 0
        self._least = min(self._least, self.gap)
        self._least_value = min(self._least_value, value)

    @property
    def is_idle(self) -> bool:
        """Whether the gap has ceased to shrink."""
        return self._n_idle > MAX_IDLE_ROUNDS


@runtime_checkable
class Descent(Protocol):
    """Go down from blocks of a program in scaled units; one may serve strength after strength.

    What it made of the rows for the first program it keeps for those after, which differ from it
    in ``beta`` alone.
    """

    def __call__(self, program: Program, w: BlockArray) -> Iterator[Iterate]:
        """Yield points of falling gap."""
        ...


@dataclass(frozen=True, slots=True)
class TallSolver(ABC):
    """Solve programs of one family over given patterns of tall data; their loss is smooth.

    Parameters
    ----------
    rtol : float
        Relative duality gap to reach.
    max_rounds : int
        Rounds after which the best bracket so far is returned.
    """

    name: ClassVar[str]
    family: ClassVar[str]

    rtol: float = 1e-6
    max_rounds: int = 60

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-6.")

    @classmethod
    @abstractmethod
    def suits(cls, program: Program) -> bool:
        """Whether this way is better than a system of the order of the rows."""

    @abstractmethod
    def descent(self) -> Descent:
        """Return what keeps what it made of the rows from one strength to the next."""

    def solve(
        self, program: Program, start: Solution | None = None, *, deadline: Deadline = NEVER
    ) -> Solution:
        """Solve from zero, or from the solution of a similar program over the same patterns."""
        return last_of(self.rounds(program, start, deadline=deadline))

    def rounds(
        self,
        program: Program,
        start: Solution | None = None,
        *,
        deadline: Deadline = NEVER,
        descent: Descent | None = None,
    ) -> Iterator[Solution]:
        """Yield the solution so far, round by round; see `Followed` and `descent`."""
        if not self.knows(program):
            raise ConfigurationError(
                f"Expected a {self.family} program with a loss of bounded second derivative for "
                f"the solver {self.name}, got {program.family.name} and {program.loss.name}; "
                "choose another solver."
            )
        descent = self.descent() if descent is None else descent
        yield from certified_rounds(program, start, deadline, self.rtol, descent)

    @classmethod
    def knows(cls, program: Program) -> bool:
        """Whether the family and the loss are this solver's."""
        return program.family.name == cls.family and isinstance(program.loss, BoundedCurvature)


def certified_rounds(
    program: Program,
    start: Solution | None,
    deadline: Deadline,
    rtol: float,
    descent: Descent,
) -> Iterator[Solution]:
    """Yield solutions whose brackets only narrow, until the gap is ``rtol``; see `Followed`.

    Parameters
    ----------
    program : Program
    start : Solution, optional
        Of a similar program over the same patterns.
    deadline : Deadline
    rtol : float
    descent : Descent
        From the program in units where ``X`` and ``y`` have norm 1, and blocks to begin with.
    """
    units = Units.of(program)
    yield (best := unsolved(program))
    if units is None:
        zero = program.zero()
        yield Solution(zero, Status.SOLVED, certify(program, zero), 0)
        return
    if LEAST_UNIT <= units.X <= 1.0 / LEAST_UNIT:
        # nothing here depends on the unit of the rows, which may stay in their file
        units = replace(units, X=1.0)
    scaled, w, status = units.scaled(program), np.zeros(program.shape), Status.ROUND_LIMIT
    if start is not None:
        w = _no_worse_than_zero(scaled, units.scaled_point(program.without_forbidden(start.point)))
    iterates = descent(scaled, w)
    iterate: Iterate | None = None
    while best.certificate.relative_gap > rtol:
        try:
            with in_force(deadline):
                iterate = next(iterates)
                near = iterate.gap <= CERTIFIED_STEP * best.certificate.relative_gap
                blocks = iterate.blocks() if near or iterate.is_last else None
        except StopIteration:
            break
        except OutOfTimeError:
            status = Status.TIME_LIMIT
            break
        if blocks is not None:
            best = _certified(best, program, units, iterate, blocks)
            yield best
        if iterate.is_idle:
            status = Status.INACCURATE
            break
    if status is Status.TIME_LIMIT and iterate is not None:
        # what was found between two certificates
        best = _certified(best, program, units, iterate, iterate.blocks())
    if best.certificate.relative_gap <= rtol:
        status = Status.SOLVED
    late = replace(best, status=status)
    yield no_worse_than(start, late, program) if status is Status.TIME_LIMIT else late


def _certified(
    best: Solution, program: Program, units: Units, iterate: Iterate, blocks: BlockArray
) -> Solution:
    """Certify a point in the program's own units and keep the better of both bounds."""
    if not np.all(np.isfinite(blocks)):
        return best
    # in their own units rows may have digits that are lost in scaled ones
    point = program.into_cones(Blocks(units.back(blocks)))
    if iterate.dual is None:
        found = certify(program, point)
    else:
        nu, multipliers = iterate.dual.nu, iterate.dual.multipliers
        found = certify(program, point, units.y * nu, multipliers.times(units.beta))
    return with_better_bounds(best, point, found, iterate.n_steps)


def _no_worse_than_zero(scaled: Program, point: Blocks) -> BlockArray:
    zero = scaled.zero()
    return point.w if scaled.value(point) < scaled.value(zero) else zero.w
