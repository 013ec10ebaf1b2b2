"""An active set of kinks: knots enter where prices are too large and leave where a sign turns.

Every round prices all sites in one pass, lets the worst site of each run of violations enter at
once, and drops knots whose change of slope came out with the wrong sign until none is left. That
may raise the objective: then half as many enter, and a single one enters as in the method of Lawson
and Hanson, on the way to whose minimiser knots leave one by one, so that every round descends.

References
----------
Lawson & Hanson (1974), Chapter 23, for the rounds that let one knot enter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.solvers.kinks.knots import Fit, Knots, SiteSquares


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Hold a minimiser over its own knots.

    Parameters
    ----------
    knots : Knots
        With the changes of slope there.
    levels : (K,) float64
        Of the dual's path at the knots, over ``beta``.
    fit : (U,) float64
        At all sites.
    cost : float
        Of the ramps that add up to it.
    value : float
        The objective.
    """

    knots: Knots
    levels: Float64[np.ndarray, " K"]
    fit: Float64[np.ndarray, " U"]
    cost: float
    value: float


def states(squares: SiteSquares, knots: Knots, accuracy: float = 0.0) -> Iterator[State]:
    """Yield minimisers over growing and shrinking sets of knots, each better than the one before.

    Parameters
    ----------
    squares : SiteSquares
        The problem.
    knots : Knots
        To begin with; those of wrong signs are dropped.
    accuracy : float
        Part of ``beta`` that prices may be above it in the end; by default rounding.
    """
    state, most = _dropped(squares, knots), squares.program.n_sites
    while True:
        checkpoint()
        yield state
        knots = state.knots
        at, signs = _violated(state, squares, accuracy)
        # a first ramp has two ends
        fewest = 2 if squares.program.depth > 2 and knots.at.size == 0 else 1
        better = None
        while better is None and at.size > 0:
            checkpoint()
            some = slice(0, max(most, fewest))
            entered, n_new = knots.with_new(at[some], signs[some]), at[some].size
            alone = n_new <= fewest
            found = _descended(squares, entered) if alone else _dropped(squares, entered)
            most = n_new // 2
            if found.value < state.value:
                better, most = found, 2 * n_new
            elif alone:
                break
        if better is None:
            # rounding is all that is left
            return
        state = better


def _dropped(squares: SiteSquares, knots: Knots) -> State:
    """Drop all knots of the wrong sign, again and again."""
    while knots.at.size > 1:
        checkpoint()
        best = squares.best(knots)
        right = knots.signs * best.changes > 0.0
        right |= knots.signs == 0.0
        if right.all():
            return _state_of(squares, Knots(knots.at, knots.signs, best.changes), best)
        knots = knots.kept(np.flatnonzero(right))
    return _constant(squares)


def _descended(squares: SiteSquares, knots: Knots) -> State:
    """Go towards the minimiser as far as all signs allow, and drop the knot that stops it."""
    while knots.at.size > 1:
        checkpoint()
        best = squares.best(knots)
        wrong = np.flatnonzero(knots.signs * best.changes < 0.0)
        wrong = np.union1d(wrong, np.flatnonzero((best.changes == 0.0) & (knots.signs != 0.0)))
        if wrong.size == 0:
            return _state_of(squares, Knots(knots.at, knots.signs, best.changes), best)
        now = np.abs(knots.changes[wrong])
        whole = now + np.abs(best.changes[wrong])
        steps = np.divide(now, whole, out=np.zeros_like(now), where=whole > 0.0)
        step = float(steps.min())
        moved = (1.0 - step) * knots.changes + step * best.changes
        stays = np.ones(knots.at.size, dtype=bool)
        stays[wrong[steps <= step]] = False
        knots = Knots(knots.at, knots.signs, moved).kept(np.flatnonzero(stays))
    return _constant(squares)


def _constant(squares: SiteSquares) -> State:
    none = np.zeros(0)
    knots = Knots(np.zeros(0, dtype=np.intp), none, none)
    fit = squares.values(knots.at, none)
    return State(knots, none, fit, 0.0, _half_square(squares, fit))


def _state_of(squares: SiteSquares, knots: Knots, best: Fit) -> State:
    fit = squares.values(knots.at, best.values)
    value = _half_square(squares, fit) + squares.program.beta * best.cost
    return State(knots, best.levels, fit, best.cost, value)


def _half_square(squares: SiteSquares, fit: Float64[np.ndarray, " U"]) -> float:
    rest = squares.targets - fit
    return 0.5 * float(squares.weights @ rest**2)


def _violated(
    state: State, squares: SiteSquares, accuracy: float
) -> tuple[Int[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """Return the worst site of every run of too large prices, the worst first, and the signs."""
    program = squares.program
    rest = squares.weights * (squares.targets - state.fit)
    prices = _prices(squares, rest - squares.weights * (rest.sum() / squares.weights.sum()))
    beta, at = program.beta, state.knots.at
    if program.depth == 2:
        first = beta * float(state.levels[0]) if at.size else 0.0
        low, high = max(first, 0.0) - beta, min(first, 0.0) + beta
    else:
        middle = 0.5 * (prices.min() + prices.max())
        if at.size:
            middle = float(np.mean(prices[at] - beta * state.levels))
        low, high = middle - 0.5 * beta, middle + 0.5 * beta
    excess = np.maximum(prices - high, 0.0) + np.minimum(prices - low, 0.0)
    excess[at] = 0.0
    excess[np.abs(excess) <= accuracy * beta] = 0.0
    signs = np.sign(excess)
    begins = np.flatnonzero(np.concatenate([[True], signs[1:] != signs[:-1]]))
    runs = np.split(np.abs(excess), begins[1:])
    worst = np.array([begin + int(np.argmax(run)) for begin, run in zip(begins, runs, strict=True)])
    worst = worst[signs[worst] != 0.0]
    worst = worst[np.argsort(-np.abs(excess[worst]), kind="stable")]
    if program.depth > 2 and at.size == 0 and worst.size > 1:
        # the first ramp has two ends, of different signs
        firsts = [int(np.argmax(signs[worst] == sign)) for sign in (1.0, -1.0)]
        worst = np.concatenate([worst[firsts], np.delete(worst, firsts)])
    return worst, signs[worst]


def _prices(squares: SiteSquares, rest: Float64[np.ndarray, " U"]) -> Float64[np.ndarray, " U"]:
    """Return the prices of a dual point summed over every site, with their rounding."""
    right = -np.cumsum(rest)[:-1]
    return np.append(np.cumsum((squares.program.gaps * right)[::-1])[::-1], 0.0)
