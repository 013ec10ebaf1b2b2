r"""A dual point of almost all the digits there are, from one that a solver leaves.

The directions in which the tight cells attain their prices are columns of a lasso; its residual
prices the cells anew, and their new directions join. This is column generation over directions,
and converges to the optimum over these cells.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED

MAX_ROUNDS = 30
NEARBY = 1e-6
"""Cells whose price is within this part of beta are worth a column."""
ROUNDING = 4e-16
"""Relative excess of a price that more rounds would not take away."""


@dataclass(frozen=True, slots=True, eq=False)
class Polished:
    """Hold a network over directions of the cells, and the dual point at its fit.

    Parameters
    ----------
    blocks : (k, d) float64
        Both weights of each neuron in one.
    signs : (k,) float64
        Of the output weights.
    owners : (k,) int
        Which of the (cell, sign) pairs each is from.
    nu : (n,) float64
        The dual point.
    constant : float
        The best output bias; 0 without one.
    """

    blocks: Float64[np.ndarray, "k d"]
    signs: Float64[np.ndarray, " k"]
    owners: Int[np.ndarray, " k"]
    nu: Float64[np.ndarray, " n"]
    constant: float = 0.0


def polish(
    problem: Problem,
    patterns: PatternSet,
    pattern: Int[np.ndarray, " k"],
    sign: Float64[np.ndarray, " k"],
    nu: Float64[np.ndarray, " n"],
) -> Polished:
    """Solve over some cells to rounding, from a dual point near the optimal one.

    Parameters
    ----------
    problem : Problem
        What is solved.
    patterns : PatternSet
        Of which ``pattern`` names some.
    pattern, sign : (k,)
        The (cell, sign) pairs whose price may be ``beta``.
    nu : (n,) float64
        Dual point to begin with.
    """
    data, beta = problem.data, problem.beta
    signed = list(zip(patterns.unpack(pattern), sign, strict=True))
    units, owners = np.zeros((0, data.d)), np.zeros(0, dtype=np.intp)
    best, c, constant = np.inf, np.zeros(0), 0.0
    kept = Polished(units, np.zeros(0), owners, nu)
    for _ in range(MAX_ROUNDS):
        checkpoint()
        new = [project_onto_cone(data.X, b, s * ((nu * b) @ data.X))[0] for b, s in signed]
        found = np.array(new).reshape(len(sign), data.d)
        prices = np.linalg.norm(found, axis=1)
        excess = float(prices.max(initial=0.0)) / beta - 1.0
        if excess < best and units.size:
            live = c > 0.0
            blocks = c[live, None] * units[live]
            best, kept = excess, Polished(blocks, sign[owners[live]], owners[live], nu, constant)
        if units.size and (excess <= ROUNDING or (excess > 0.5 * best and best < 1e-14)):
            break
        near = np.flatnonzero(prices > beta * max(0.0, 1.0 - max(NEARBY, 4.0 * excess)))
        used = c > 0.0
        units = np.concatenate([units[used], found[near] / prices[near, None]])
        owners, c = np.concatenate([owners[used], near]), c[used]
        rows = _distinct(units, sign[owners])
        c = np.append(c, np.zeros(len(near)))[rows]
        units, owners = units[rows], owners[rows]
        lasso = solved(problem, units, sign[owners], c, constant)
        c, nu, constant = lasso.weights, lasso.nu, lasso.constant
    return kept


def _distinct(
    units: Float64[np.ndarray, "k d"], signs: Float64[np.ndarray, " k"]
) -> Int[np.ndarray, " m"]:
    """Return the newest of directions that are the same but for rounding, in their order."""
    keys = np.round(np.column_stack([units, signs])[::-1], 15)
    _, first = np.unique(keys, axis=0, return_index=True)
    return np.sort(len(units) - 1 - first)


@dataclass(frozen=True, slots=True, eq=False)
class Lasso:
    """Hold the best weights over some directions, the constant beside them, and the dual point."""

    weights: Float64[np.ndarray, " k"]
    constant: float
    nu: Float64[np.ndarray, " n"]


def solved(
    problem: Problem,
    units: Float64[np.ndarray, "k d"],
    signs: Float64[np.ndarray, " k"],
    start: Float64[np.ndarray, " k"],
    constant: float = 0.0,
) -> Lasso:
    """Solve the lasso over some directions, for a loss that is no square by Newton's method."""
    data, loss = problem.data, problem.loss
    A = np.maximum(data.X @ units.T, 0.0) * signs
    if loss.name == SQUARED.name:
        c, constant = _of_squares(problem, A, data.y, np.ones(data.n))
        return Lasso(c, constant, data.y - A @ c - constant)
    c = start
    for _ in range(20):
        output = A @ c + constant
        nu = np.asarray(loss.dual_point(output, data.y))
        shares = np.clip(data.y * nu, 1e-12, 1.0 - 1e-12)
        roots = np.sqrt(shares * (1.0 - shares))
        moved, at = _of_squares(problem, A * roots[:, None], roots * output + nu / roots, roots)
        worse = _objective(problem, A, moved, at) > _objective(problem, A, c, constant)
        if worse:
            moved, at = 0.5 * (moved + c), 0.5 * (at + constant)
        change = max(float(np.abs(moved - c).max(initial=0.0)), abs(at - constant))
        done = change <= 1e-15 * (float(c.sum()) + abs(constant))
        c, constant = moved, at
        if done:
            break
    return Lasso(c, constant, np.asarray(loss.dual_point(A @ c + constant, data.y)))


def _of_squares(
    problem: Problem,
    A: Float64[np.ndarray, "n k"],
    target: Float64[np.ndarray, " n"],
    ones: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " k"], float]:
    r"""Solve the lasso beside a constant, a multiple of ``ones``, which is solved for first.

    What is left is :math:`\tfrac12 r^\top (I - v v^\top / (v^\top v + \rho)) r`, whose matrix has a
    root :math:`I - \tau v v^\top / v^\top v`.
    """
    if problem.output is Bias.NONE:
        return nonnegative_lasso(A, target, problem.beta), 0.0
    size = float(ones @ ones)
    tau = 1.0 - float(np.sqrt(problem.penalty / (size + problem.penalty)))
    rooted = A - tau * np.outer(ones, ones @ A / size)
    moved = target - tau * ones * float(ones @ target / size)
    c = nonnegative_lasso(rooted, moved, problem.beta)
    return c, float(ones @ (target - A @ c)) / (size + problem.penalty)


def _objective(
    problem: Problem, A: Float64[np.ndarray, "n k"], c: Float64[np.ndarray, " k"], constant: float
) -> float:
    value = problem.loss.value(A @ c + constant, problem.data.y)
    return value + problem.beta * float(c.sum()) + 0.5 * problem.penalty * constant**2
