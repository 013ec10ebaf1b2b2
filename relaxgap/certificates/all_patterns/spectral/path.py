"""Mehrotra's predictor-corrector method for the lifted relaxation."""

import math
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.linalg import lapack

from relaxgap.certificates.all_patterns.spectral.cones import (
    Cones,
    Point,
    Scaling,
    inside,
    longest_step,
    scaling,
)
from relaxgap.certificates.all_patterns.spectral.problem import ConicProblem, LinearSystem
from relaxgap.numerics.clock import NEVER, Deadline

TO_THE_BOUNDARY = 0.9
MIN_STEP = 1e-6
TRIAL_ORDER = 1000
"""Order of a matrix whose factorisation tells the pace of larger ones, in hundredths of a second.
"""


@dataclass(frozen=True, slots=True, eq=False)
class LiftedSolution:
    """Hold where the method stopped.

    Parameters
    ----------
    point : Point
        Inside the cones, hence a valid bound whenever the method stopped.
    multipliers : list of Cones
        One for each sign; at the optimum its ``matrix`` is the lifted neuron.
    n_iterations : int
        Newton systems solved.
    converged : bool
        Whether the gap met the tolerance.
    """

    point: Point
    multipliers: list[Cones]
    n_iterations: int
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Direction:
    """Hold a Newton direction and how far slacks and multipliers can follow it."""

    step: Point
    moves: list[Cones]
    changes: list[Cones]
    length: float
    dual_length: float


def solve_lifted(
    problem: ConicProblem,
    start: Point,
    barrier: float,
    max_iterations: int,
    rtol: float,
    deadline: Deadline = NEVER,
) -> LiftedSolution:
    """Follow the central path from a point inside the cones.

    Parameters
    ----------
    problem : ConicProblem
        What to solve.
    start : Point
        Strictly inside every cone.
    barrier : float
        Product of slack and multiplier in every cone to start with.
    max_iterations : int
        Most Newton systems.
    rtol : float
        Gap at which to stop, relative to the value.
    deadline : Deadline
        No iteration starts that would, at the pace of the longest so far, end later than this; the
        pace of the first is that of a small factorisation.
    """
    longest = _foreseen_seconds(start.dense.size) if deadline.end < math.inf else 0.0
    point, slacks = start, problem.cones(start, 1.0)
    try:
        multipliers = [scaling(slack, slack).inverse.scaled(barrier) for slack in slacks]
    except np.linalg.LinAlgError:
        return LiftedSolution(start, slacks, 0, False)
    infeasible = 1.0
    for iteration in range(max_iterations):
        now = perf_counter()
        if deadline.remaining_seconds <= longest:
            return LiftedSolution(point, multipliers, iteration, False)
        try:
            direction = _direction(problem, point, slacks, multipliers)
        except np.linalg.LinAlgError:
            return LiftedSolution(point, multipliers, iteration, False)
        length = direction.length
        if not max(length, direction.dual_length) >= MIN_STEP:
            return LiftedSolution(point, multipliers, iteration, False)
        while True:
            moved = point.moved(direction.step, length)
            moved_slacks = problem.cones(moved, 1.0)
            if inside(moved_slacks) and problem.trusts(point, moved):
                break
            length *= 0.5
            if not length >= MIN_STEP:
                return LiftedSolution(point, multipliers, iteration, False)
        point, slacks = moved, moved_slacks
        multipliers = _moved(multipliers, direction.changes, direction.dual_length)
        infeasible *= 1.0 - direction.dual_length
        gap = _complementarity(slacks, multipliers)
        if gap <= rtol * problem.value(point) and infeasible <= rtol:
            return LiftedSolution(point, multipliers, iteration + 1, True)
        taken = perf_counter() - now
        longest = max(longest, taken) if iteration else taken
    return LiftedSolution(point, multipliers, max_iterations, False)


def _foreseen_seconds(order: int) -> float:
    """Return about how long an iteration takes; 0 where it is no longer than it takes to tell.

    Nearly all of it is one Cholesky factorisation, which nothing can end before its time.
    """
    if order <= 2 * TRIAL_ORDER:
        return 0.0
    times = [perf_counter()]
    # the first one also fetches the pages
    trial = np.eye(TRIAL_ORDER, order="F")
    for _ in range(3):
        lapack.dpotrf(trial, lower=1, overwrite_a=1, clean=0)
        times.append(perf_counter())
    return float((order / TRIAL_ORDER) ** 3 * np.diff(times).min())


def _complementarity(slacks: list[Cones], multipliers: list[Cones]) -> float:
    return sum(a.inner(b) for a, b in zip(slacks, multipliers, strict=True))


def _moved(elements: list[Cones], steps: list[Cones], length: float) -> list[Cones]:
    return [a.moved(b, length) for a, b in zip(elements, steps, strict=True)]


def _direction(
    problem: ConicProblem, point: Point, slacks: list[Cones], multipliers: list[Cones]
) -> _Direction:
    r"""Predict, choose how far to centre, and correct.

    With the gap :math:`g`, the gap :math:`g_+` at the end of the predicted step and its two lengths
    :math:`l`, the corrected step aims at :math:`Z = \mu S^{-1}` less the second-order term, for

    .. math:: \mu = \frac{g}{\text{degree}} \Bigl(\frac{g_+}{g}\Bigr)^p, \qquad
              p = \max(1, 3 \min(l)^2) .
    """
    scalings = [scaling(a, b) for a, b in zip(slacks, multipliers, strict=True)]
    system = problem.system(point, scalings)
    targets = [pair.inverse.scaled(0.0) for pair in scalings]
    guess = _towards(problem, point, scalings, system, targets)
    ahead = _complementarity(
        _moved(slacks, guess.moves, guess.length),
        _moved(multipliers, guess.changes, guess.dual_length),
    )
    now = _complementarity(slacks, multipliers)
    power = max(1.0, 3.0 * min(guess.length, guess.dual_length) ** 2)
    mean = now / problem.degree * min(1.0, max(ahead / now, 0.0) ** power)
    targets = [
        pair.inverse.scaled(mean).moved(pair.second_order(move, change), -1.0)
        for pair, move, change in zip(scalings, guess.moves, guess.changes, strict=True)
    ]
    return _towards(problem, point, scalings, system, targets)


def _towards(
    problem: ConicProblem,
    point: Point,
    scalings: list[Scaling],
    system: LinearSystem,
    targets: list[Cones],
) -> _Direction:
    """Return the direction whose multipliers, to first order, end on the targets."""
    gradient = problem.objective_gradient(point).moved(problem.adjoint(targets), 1.0)
    step = system.solve(gradient)
    moves = problem.cones(step, 0.0)
    changes = [
        target.moved(pair.response(move), -1.0).moved(pair.multiplier, -1.0)
        for target, pair, move in zip(targets, scalings, moves, strict=True)
    ]
    length = min(
        longest_step(pair.slack, move, pair.slack_factor)
        for pair, move in zip(scalings, moves, strict=True)
    )
    dual_length = min(
        longest_step(pair.multiplier, change, pair.multiplier_factor)
        for pair, change in zip(scalings, changes, strict=True)
    )
    return _Direction(
        step,
        moves,
        changes,
        min(1.0, TO_THE_BOUNDARY * length),
        min(1.0, TO_THE_BOUNDARY * dual_length),
    )
