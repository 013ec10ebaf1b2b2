"""Solve a program with an output bias, by a solver of programs without one."""

from collections.abc import Iterator
from dataclasses import replace

from relaxgap.certificates.duality import DualCertificate, attained_value
from relaxgap.certificates.output_bias import OutputBias
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems.biases import at_constant
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.program import Program
from relaxgap.solvers.base import Followed, Solution, Solver, Status, unsolved
from relaxgap.solvers.constant_search import ConstantSearch
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

SHARE = 0.3
"""Part of the accuracy that a program at a fixed constant is solved to."""


def rounds_with_bias(
    solver: Solver,
    program: Program,
    bias: OutputBias,
    rtol: float,
    start: Solution | None = None,
    *,
    deadline: Deadline = NEVER,
) -> Iterator[Solution]:
    """Yield solutions of the program with an output bias, whose brackets only narrow.

    Parameters
    ----------
    solver : Solver
        Of programs without it, to `SHARE` of ``rtol``.
    program : Program
        Without it.
    bias : OutputBias
        What it costs.
    rtol : float
        Relative gap to reach.
    start : Solution, optional
        Of a similar program with a bias over the same patterns.
    deadline : Deadline
        No new round begins after it.
    """
    best = with_constant(unsolved(program), program, bias)
    yield best
    search = ConstantSearch(bias, best.constant if start is None else start.constant)
    others: dict[bool, Blocks] = {}
    n_iterations, warm = 0, start
    while True:
        fixed = _at(program, search.constant)
        found = best
        for found in _rounds(solver, fixed, warm, deadline):
            search.offer(found.certificate.nu, best.certificate.primal_value)
            best = _better(best, found.point, program, bias, search)
            best = replace(best, n_iterations=n_iterations + found.n_iterations)
            if best.certificate.relative_gap <= rtol:
                yield replace(best, status=Status.SOLVED)
                return
            yield best
        n_iterations += found.n_iterations
        if found.status is Status.TIME_LIMIT or deadline.has_passed:
            yield replace(best, status=Status.TIME_LIMIT)
            return
        rises = bias.slope(found.certificate.nu, search.constant) > 0.0
        others[rises] = found.point
        search.settle(found.certificate.nu, best.certificate.primal_value)
        if search.share is not None:
            mean = search.share * found.point.w + (1.0 - search.share) * others[not rises].w
            best = _better(best, program.into_cones(Blocks(mean)), program, bias, search)
        if best.certificate.relative_gap <= rtol:
            yield replace(best, status=Status.SOLVED)
            return
        if search.is_over:
            yield replace(best, status=Status.INACCURATE)
            return
        warm = found


def with_constant(found: Solution, program: Program, bias: OutputBias) -> Solution:
    """Return a solution of the program without a bias at the best constant for its point."""
    constant, value = _attained(found.point, program, bias)
    nu, lower = bias.lower_bound(found.certificate.nu, value)
    return replace(
        found, certificate=DualCertificate(nu, value, min(lower, value)), constant=constant
    )


def _rounds(
    solver: Solver, program: Program, start: Solution | None, deadline: Deadline
) -> Iterator[Solution]:
    if isinstance(solver, SemismoothNewton):
        yield from solver.rounds(program, start, deadline=deadline)
    elif isinstance(solver, Followed):
        yield from solver.rounds(program, deadline=deadline)
    else:
        yield solver.solve(program, deadline=deadline)


def _at(program: Program, constant: float) -> Program:
    data, loss = at_constant(program.data, program.loss, constant)
    return replace(program, data=data, loss=loss)


def _attained(point: Blocks, program: Program, bias: OutputBias) -> tuple[float, float]:
    constant = bias.best_constant(program.fit(point))
    overpaid = sum(bias.overpaid(w) for w in point.w)
    value = attained_value(_at(program, constant), point) + bias.cost(constant)
    return constant, value - overpaid


def _better(
    best: Solution, point: Blocks, program: Program, bias: OutputBias, search: ConstantSearch
) -> Solution:
    constant, value = _attained(point, program, bias)
    if value < best.certificate.primal_value:
        best = replace(best, point=point, constant=constant)
    value = min(value, best.certificate.primal_value)
    certificate = DualCertificate(search.nu, value, min(search.lower, value))
    return replace(best, certificate=certificate, status=Status.RUNNING)
