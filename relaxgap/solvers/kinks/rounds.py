"""Brackets of networks of one column, one after another, under either loss.

Processor seconds to a relative gap of 1e-8 in one thread, at 0.3 to 0.001 of the critical strength,
for labels of noise and of a sine and Gaussian columns, five seeds: of 1000 samples 0.02 (median),
of 10 000 samples 0.05 and at most 0.11 at depth 2 under the squared loss. Two seeds of 10 000
samples under the logistic loss, at depth 2 and 3: 0.04 to 3.1, most where the classes nearly part.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.one_column.bracket import (
    PROVEN_BY,
    OneColumnBracket,
    attained,
    best_constant,
)
from relaxgap.numerics.clock import Deadline, checkpoint
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.losses.base import NewtonLoss
from relaxgap.problems.one_column import OneColumnProgram, Ramps
from relaxgap.solvers.bracketed import BracketSolution, solutions
from relaxgap.solvers.kinks.active_set import State, states
from relaxgap.solvers.kinks.knots import Knots, SiteSquares
from relaxgap.solvers.kinks.ramps import ramps_of

KINKS = PROVEN_BY
"""The solver is called what proves its bounds."""
LEAST_WEIGHT = 1e-13
"""Of a site, relative to the largest: a sample far on the right side has next to none."""
FIRST_ACCURACY, LAST_ACCURACY = 1e-2, 1e-11
"""Of prices over ``beta`` in quadratic models, squared from one to the next."""
HALVINGS = 40
NO_WORSE, MOST_IDLE = 1.0 + 1e-12, 3
"""Dual points gain by steps on which the objective, flat as it is, changes by rounding alone: such
a step is taken, and so many in a row."""


def takes(loss: Loss) -> bool:
    """Whether the solver takes a loss: the squared one, or a smooth one of classes."""
    return loss.name == SQUARED.name or (loss.of_classes and isinstance(loss, NewtonLoss))


def kink_rounds(
    program: OneColumnProgram, rtol: float, deadline: Deadline
) -> Iterator[BracketSolution[OneColumnBracket]]:
    """Return solutions, each bracket inside the one before; the first comes at once.

    Parameters
    ----------
    program : OneColumnProgram
        Of any depth, with a loss that `takes` says yes to.
    rtol : float
        Relative gap to reach.
    deadline : Deadline
        Of all of it.
    """
    found = _curved(program) if program.loss.of_classes else _squared(program)
    return solutions(OneColumnBracket.unsolved(program), found, rtol, deadline)


def _squared(program: OneColumnProgram) -> Iterator[OneColumnBracket]:
    weights = program.counts.astype(np.float64)
    targets = np.add.reduceat(program.y, program.starts) / weights
    bracket = OneColumnBracket.unsolved(program)
    squares = SiteSquares(program, weights, targets)
    for state in states(squares, Knots.none(program)):
        bracket = bracket.with_ramps(program, _ramps(program, state))
        bracket = bracket.with_dual_point(program, program.y - _samples(program, state.fit))
        yield bracket


def _curved(program: OneColumnProgram) -> Iterator[OneColumnBracket]:
    """Minimise quadratic models of the loss, each from the knots of the one before."""
    loss, y = program.loss, program.y
    assert isinstance(loss, NewtonLoss)
    bracket = OneColumnBracket.unsolved(program)
    fit = np.full(program.n_sites, best_constant(program))
    knots, ramps, accuracy = Knots.none(program), Ramps.none(float(fit[0])), FIRST_ACCURACY
    value, idle = attained(program, ramps), 0
    while idle <= MOST_IDLE:
        checkpoint()
        nu = np.asarray(loss.dual_point(_samples(program, fit), y))
        with np.errstate(divide="ignore"):
            # a share that rounding brought to the end of its interval has none
            curvature = 1.0 / np.asarray(loss.conjugate_curvature(nu, y))
        weights = np.add.reduceat(curvature, program.starts)
        weights = np.maximum(weights, LEAST_WEIGHT * weights.max())
        targets = fit + np.add.reduceat(nu, program.starts) / weights
        *_, state = states(SiteSquares(program, weights, targets), knots, accuracy)
        step, reached = 1.0, np.inf
        for _ in range(HALVINGS):
            moved = _between(ramps, _ramps(program, state), step)
            reached = attained(program, moved)
            if reached < NO_WORSE * value:
                break
            step *= 0.5
        else:
            return
        idle = idle + 1 if reached >= value else 0
        value = min(reached, value)
        fit, ramps = (1.0 - step) * fit + step * state.fit, moved
        # knots of the model are where the next one begins, however far the step went
        knots, accuracy = state.knots, max(accuracy**2, LAST_ACCURACY)
        bracket = bracket.with_ramps(program, ramps)
        bracket = bracket.with_dual_point(
            program, np.asarray(loss.dual_point(_samples(program, fit), y))
        )
        yield bracket


def _between(old: Ramps, new: Ramps, step: float) -> Ramps:
    if step == 1.0:
        return new
    first, last = np.concatenate([old.first, new.first]), np.concatenate([old.last, new.last])
    size = np.concatenate([(1.0 - step) * old.size, step * new.size])
    return Ramps(first, last, size, (1.0 - step) * old.left + step * new.left)


def _ramps(program: OneColumnProgram, state: State) -> Ramps:
    knots = state.knots
    return ramps_of(program, knots.at, knots.changes, float(state.fit[0]))


def _samples(
    program: OneColumnProgram, sites: Float64[np.ndarray, " U"]
) -> Float64[np.ndarray, " n"]:
    return np.repeat(sites, program.counts)
