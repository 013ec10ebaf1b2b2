"""What every solver returns."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import DualCertificate, certify
from relaxgap.certificates.feasibility import into_cones
from relaxgap.problems.gated import GatedBlocks, GatedReLUProgram
from relaxgap.problems.relu import ConvexReLUProgram, SplitBlocks

Program = ConvexReLUProgram | GatedReLUProgram
Point = SplitBlocks | GatedBlocks


class Status(StrEnum):
    """How a solve ended; the certificate is valid whatever the status."""

    RUNNING = "running"
    SOLVED = "solved"
    INACCURATE = "inaccurate"
    ROUND_LIMIT = "round_limit"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Hold a feasible point with its proof.

    Parameters
    ----------
    point : SplitBlocks or GatedBlocks
        In its cones.
    status : Status
        ``solved`` means that the certified relative gap reached the solver's ``rtol``.
    certificate : DualCertificate
        Bracket of the program's optimum.
    n_iterations : int
        Iterations of a conic solver, or rounds of column generation.
    """

    point: Point
    status: Status
    certificate: DualCertificate
    n_iterations: int


@runtime_checkable
class Solver(Protocol):
    """Solve a program from zero to a relative duality gap."""

    def solve(self, program: Program) -> Solution:
        """Return a feasible point with its certificate; never raise for non-convergence."""
        ...


def feasible(program: Program, point: Point) -> Point:
    """Move a point into the cones of its program; one without cones stays as it is."""
    if isinstance(program, ConvexReLUProgram) and isinstance(point, SplitBlocks):
        return into_cones(program, point)
    return point


def tighter(best: Solution, point: Point, found: DualCertificate, n_iterations: int) -> Solution:
    """Keep the better of two primal points and the better of two dual points."""
    primal_value, dual_value, nu = found.primal_value, found.dual_value, found.nu
    if best.certificate.primal_value < primal_value:
        point, primal_value = best.point, best.certificate.primal_value
    if best.certificate.dual_value > dual_value:
        nu, dual_value = best.certificate.nu, best.certificate.dual_value
    certificate = DualCertificate(nu, primal_value, min(dual_value, primal_value))
    return Solution(point, best.status, certificate, n_iterations)


def finish(
    program: Program,
    point: Point,
    rtol: float,
    n_iterations: int,
    candidate: Float64[np.ndarray, " n"] | None = None,
) -> Solution:
    r"""Make the point feasible, certify it, and grade it by its gap, never by the solver's word.

    ``candidate`` is the solver's dual point, if it has one: it is scaled and priced like any other.
    If the solver's point is worse than zero, zero is returned, with value
    :math:`\tfrac12 \|y\|^2`.
    """
    point = feasible(program, point)
    certificate = certify(program, point, candidate)
    zero = program.zero()
    if certificate.primal_value > program.value(zero):  # type: ignore[arg-type]
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
