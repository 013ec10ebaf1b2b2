"""A loss with kinks by programs of smoother ones, from warm start to warm start.

Each program is solved to a part of the gap so far; its point and its dual point are certified for
the loss itself, so that the bracket never depends on the width.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from relaxgap.certificates import certify
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import Program
from relaxgap.problems.losses import Smoothable
from relaxgap.solvers.base import Solution, Status, unsolved, with_better_bounds

NAME = "smoothing"
FIRST_WIDTH, LEAST_WIDTH = 0.3, 1e-12
SHRINKAGE = 4.0
COARSEST = 0.1
"""Largest relative gap to solve a program to."""
SHARE = 0.3
"""Part of the gap so far to solve the next program to."""
MIN_SAMPLES = 200
"""Up to as many a conic solver is as fast, and it takes rows of any size."""

Solve = Callable[[Program, float, Solution | None], Solution]
"""Solve a program to a relative gap from a start."""


def smoothed_rounds(
    program: Program,
    loss: Smoothable,
    rtol: float,
    solve: Solve,
    start: Solution | None,
    deadline: Deadline,
) -> Iterator[Solution]:
    """Yield brackets of a program, each inside the one before; see `Followed`.

    Parameters
    ----------
    program : Program
        To solve.
    loss : Smoothable
        That of the program.
    rtol : float
        Relative gap to reach.
    solve : callable
        Solves the programs of smooth losses.
    start : Solution, optional
        Of a program over the same patterns.
    deadline : Deadline
        No new program begins after it.
    """
    best, width, status, n_steps = unsolved(program), FIRST_WIDTH, Status.INACCURATE, 0
    while width >= LEAST_WIDTH:
        yield best
        wanted = max(0.1 * rtol, min(COARSEST, SHARE * best.certificate.relative_gap))
        found = solve(replace(program, loss=loss.smoothed(width)), wanted, start)
        n_steps += found.n_iterations
        bracket = certify(program, found.point, found.certificate.nu)
        best = with_better_bounds(best, found.point, bracket, n_steps)
        if best.certificate.relative_gap <= rtol:
            status = Status.SOLVED
            break
        if deadline.has_passed:
            status = Status.TIME_LIMIT
            break
        if found.status is not Status.SOLVED:
            break
        start, width = found, width / SHRINKAGE
    yield replace(best, status=status)
