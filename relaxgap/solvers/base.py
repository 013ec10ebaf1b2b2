"""What every solver takes and returns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import DualCertificate, attained_value, certify
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.program import Program


class Status(StrEnum):
    """How a solve ended; the certificate is valid whatever the status."""

    RUNNING = "running"
    SOLVED = "solved"
    INACCURATE = "inaccurate"
    ROUND_LIMIT = "round_limit"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def sentence(self) -> str:
        """What the status means, for people."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.RUNNING: "The work goes on; the bracket holds already.",
    Status.SOLVED: "The gap reached the accuracy asked for.",
    Status.INACCURATE: "The gap shrank no further than this; the bracket holds.",
    Status.ROUND_LIMIT: "The rounds ran out before the accuracy asked for; the bracket holds.",
    Status.TIME_LIMIT: "The time ran out before the accuracy asked for; the bracket holds.",
    Status.INTERRUPTED: "The work was interrupted; the bracket so far holds.",
    Status.FAILED: "The solver broke down; the bracket so far holds.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Hold a feasible point with its proof.

    Parameters
    ----------
    point : Blocks
        In its cones.
    status : Status
        ``solved`` means that the certified relative gap reached the solver's ``rtol``.
    certificate : DualCertificate
        Bracket of the program's optimum.
    n_iterations : int
        Newton steps, iterations of a conic solver, or rounds of column generation.
    constant : float
        The output bias, where the problem has one.
    """

    point: Blocks
    status: Status
    certificate: DualCertificate
    n_iterations: int
    constant: float = 0.0


@runtime_checkable
class Solver(Protocol):
    """Solve a program from zero to a relative duality gap, or until a deadline."""

    def solve(self, program: Program, *, deadline: Deadline = NEVER) -> Solution:
        """Return a feasible point with its certificate; never raise for non-convergence."""
        ...


@runtime_checkable
class Followed(Protocol):
    """A solver whose work gives one bracket after another: whatever ends it, the last one holds."""

    def rounds(self, program: Program, *, deadline: Deadline = NEVER) -> Iterator[Solution]:
        """Yield solutions, each bracket inside the one before; the first comes at once.

        The last one's status says why there are no more; all others are ``running``.
        """
        ...


@runtime_checkable
class Choosing(Protocol):
    """A solver that leaves some programs to another method, where that is better."""

    def method(self, program: Program) -> str:
        """Return what runs on this program: its own name or that of another method."""
        ...


def last_of(rounds: Iterator[Solution]) -> Solution:
    """Return the last of at least one."""
    *_, solution = rounds
    return solution


def unsolved(program: Program) -> Solution:
    """Return the zero point with the bracket that costs nothing: its value, and zero below."""
    zero = program.zero()
    fit, y = np.zeros_like(program.data.y), program.data.y
    value = program.loss.value(fit, y) + program.loss.value_error(fit, y, 0.0)
    return Solution(zero, Status.RUNNING, DualCertificate(np.zeros_like(y), value, 0.0), 0)


def with_better_bounds(
    best: Solution, point: Blocks, found: DualCertificate, n_iterations: int
) -> Solution:
    """Keep the better of two primal points and the better of two dual points."""
    primal_value, dual_value, nu = found.primal_value, found.dual_value, found.nu
    if best.certificate.primal_value < primal_value:
        point, primal_value = best.point, best.certificate.primal_value
    if best.certificate.dual_value > dual_value:
        nu, dual_value = best.certificate.nu, best.certificate.dual_value
    certificate = DualCertificate(nu, primal_value, min(dual_value, primal_value))
    return Solution(point, best.status, certificate, n_iterations)


def no_worse_than(start: Solution | None, late: Solution, program: Program) -> Solution:
    """Return what a deadline left, at the point of the start where that is better."""
    if start is None:
        return late
    point = program.into_cones(start.point)
    value = attained_value(program, point)
    if not value < late.certificate.primal_value:
        return late
    found = late.certificate
    bracket = DualCertificate(found.nu, value, min(found.dual_value, value))
    return replace(late, point=point, certificate=bracket)


def finish(
    program: Program,
    point: Blocks,
    rtol: float,
    n_iterations: int,
    candidate: Float64[np.ndarray, " n"] | None = None,
) -> Solution:
    r"""Make the point feasible, certify it, and grade it by its gap, never by the solver's word.

    ``candidate`` is the solver's dual point, if it has one: it is scaled and priced like any other.
    If the solver's point is worse than zero, zero is returned.
    """
    point = program.into_cones(point)
    certificate = certify(program, point, candidate)
    zero = program.zero()
    if certificate.primal_value > program.value(zero):
        fallback = certify(program, zero)
        best = max(certificate, fallback, key=lambda bound: bound.dual_value)
        point = zero
        certificate = DualCertificate(best.nu, fallback.primal_value, best.dual_value)
    solved = certificate.relative_gap <= rtol
    return Solution(
        point, Status.SOLVED if solved else Status.INACCURATE, certificate, n_iterations
    )


def failed(program: Program, n_iterations: int = 0) -> Solution:
    """Return the zero point with its certificate, for a solver that produced nothing."""
    zero = program.zero()
    return Solution(zero, Status.FAILED, certify(program, zero), n_iterations)
