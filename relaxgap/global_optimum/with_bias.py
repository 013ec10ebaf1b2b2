"""Bracket the global optimum with an output bias, by brackets of problems where it is fixed."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from relaxgap.certificates.duality import DualCertificate
from relaxgap.certificates.output_bias import OutputBias
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.numerics.workers import Workers, workers_of
from relaxgap.problems.biases import at_constant
from relaxgap.solvers.base import Status
from relaxgap.solvers.constant_search import ConstantSearch

SHARE = 0.3
"""Part of the accuracy that a bracket at a fixed constant is wanted to."""
TURN = 0.4
"""Fraction of the time left that a bracket at a fixed constant may take."""
LITTLE = 0.02
"""Part of the gap by which a constant has to narrow the bracket, where none is solved, to go on."""


def brackets_with_bias(
    solver: GlobalSolver,
    data: Dataset,
    beta: float,
    bias: OutputBias,
    start: TwoLayerNetwork | None = None,
    *,
    deadline: Deadline = NEVER,
) -> Iterator[GlobalSolution]:
    """Yield brackets over networks of every width with an output bias, each inside the last.

    Parameters
    ----------
    solver : GlobalSolver
        Says how well, and how long; of problems without an output bias.
    data : Dataset
        With the column of hidden biases.
    beta : float
        Regularisation strength.
    bias : OutputBias
        What the output bias costs.
    start : TwoLayerNetwork, optional
        A network to improve on, at its best constant.
    deadline : Deadline
        Ends the work as the solver's ``max_seconds`` does.
    """
    began = time.monotonic()
    if solver.max_seconds is not None:
        deadline = deadline.capped(solver.max_seconds)
    with workers_of(solver.workers, solver.scheduler) as workers:
        yield from _brackets(solver, data, beta, bias, start, deadline, workers, began)


def _brackets(
    solver: GlobalSolver,
    data: Dataset,
    beta: float,
    bias: OutputBias,
    start: TwoLayerNetwork | None,
    deadline: Deadline,
    workers: Workers,
    began: float,
) -> Iterator[GlobalSolution]:
    rtol = solver.rtol
    inner = replace(solver, rtol=SHARE * rtol, max_seconds=None)
    search: ConstantSearch | None = None
    best: GlobalSolution | None = None
    n_rounds = n_lost = 0
    while True:
        constant = search.constant if search else _first_constant(bias, start, data)
        search = search or ConstantSearch(bias, constant)
        at, loss = at_constant(data, bias.loss, constant)
        fixed = replace(inner, loss=loss)
        before = best.certificate.relative_gap if best else 1.0
        network = best.network if best else start
        turn = deadline.within(TURN)
        for found in fixed.brackets(at, beta, network, deadline=turn, workers=workers):
            best = _better(best, found, data, beta, bias, search)
            best = replace(
                best,
                n_rounds=n_rounds + found.n_rounds,
                n_lost_workers=n_lost + found.n_lost_workers,
                seconds=time.monotonic() - began,
            )
            if best.certificate.relative_gap <= rtol:
                yield replace(best, status=Status.SOLVED)
                return
            if deadline.has_passed:
                yield replace(best, status=Status.TIME_LIMIT)
                return
            yield replace(best, status=Status.RUNNING)
        assert best is not None
        n_rounds += found.n_rounds
        n_lost += found.n_lost_workers
        search.settle(found.certificate.nu, best.certificate.primal_value)
        best = _with_bound(best, search)
        gap = best.certificate.relative_gap
        stuck = search.both_sides and found.status is not Status.SOLVED
        if gap <= rtol or search.is_over or (stuck and gap > (1.0 - LITTLE) * before):
            # a program that ended at its turn leaves nothing that more time would not better
            late = found.status is Status.TIME_LIMIT
            status = Status.TIME_LIMIT if late else Status.INACCURATE
            status = Status.SOLVED if gap <= rtol else status
            yield replace(best, status=status, seconds=time.monotonic() - began)
            return


def _first_constant(bias: OutputBias, start: TwoLayerNetwork | None, data: Dataset) -> float:
    fit = 0.0 * data.y if start is None else start.predict(data.X)
    return bias.best_constant(fit)


def _better(
    best: GlobalSolution | None,
    found: GlobalSolution,
    data: Dataset,
    beta: float,
    bias: OutputBias,
    search: ConstantSearch,
) -> GlobalSolution:
    constant = bias.best_constant(found.network.predict(data.X))
    at, loss = at_constant(data, bias.loss, constant)
    value = attained_loss(found.network, at, beta, loss) + bias.cost(constant)
    # of scaled neurons, whose cost is the length of one block each
    value -= bias.overpaid(np.abs(found.network.output)[:, None] * found.network.hidden)
    if best is None or value < best.certificate.primal_value:
        kept = found if best is None else replace(best, network=found.network)
        certificate = DualCertificate(search.nu, value, min(search.lower, value))
        best = replace(kept, constant=constant, certificate=certificate)
    lower = search.lower
    search.offer(found.certificate.nu, best.certificate.primal_value)
    if search.lower > lower:
        best = replace(best, bound=found.bound, n_regions=found.n_regions)
    return _with_bound(best, search)


def _with_bound(best: GlobalSolution, search: ConstantSearch) -> GlobalSolution:
    value = best.certificate.primal_value
    return replace(best, certificate=DualCertificate(search.nu, value, min(search.lower, value)))
