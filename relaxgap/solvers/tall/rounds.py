"""What solvers for tall data share: from scaled iterates to certified solutions, round by round."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import certify
from relaxgap.certificates.prices.row_multipliers import RowMultipliers
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.problems import Blocks, Program, Units
from relaxgap.solvers.base import (
    Solution,
    Status,
    no_worse_than,
    unsolved,
    with_better_bounds,
)

CERTIFIED_STEP = 0.3
"""Part of the last proven gap at which a point is certified anew: that takes a few passes."""

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


class Descent(Protocol):
    """Go down from blocks of a program in scaled units; one may serve strength after strength.

    What it made of the rows for the first program it keeps for those after, which differ from it
    in ``beta`` alone.
    """

    def __call__(self, program: Program, w: BlockArray) -> Iterator[Iterate]:
        """Yield points of falling gap."""
        ...


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
