r"""A dual point of almost all the digits there are, from one that a solver leaves.

The directions in which the tight cells attain their prices are columns of a lasso; its residual
prices the cells anew, and their new directions join. This is column generation over directions,
and converges to the optimum over these cells.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.losses import SQUARED, Loss

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
    """

    blocks: Float64[np.ndarray, "k d"]
    signs: Float64[np.ndarray, " k"]
    owners: Int[np.ndarray, " k"]
    nu: Float64[np.ndarray, " n"]


def polish(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    pattern: Int[np.ndarray, " k"],
    sign: Float64[np.ndarray, " k"],
    nu: Float64[np.ndarray, " n"],
) -> Polished:
    """Solve over some cells to rounding, from a dual point near the optimal one.

    Parameters
    ----------
    data, beta, loss
        The problem.
    patterns : PatternSet
        Of which ``pattern`` names some.
    pattern, sign : (k,)
        The (cell, sign) pairs whose price may be ``beta``.
    nu : (n,) float64
        Dual point to begin with.
    """
    signed = list(zip(patterns.unpack(pattern), sign, strict=True))
    units, owners = np.zeros((0, data.d)), np.zeros(0, dtype=np.intp)
    best, c = np.inf, np.zeros(0)
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
            best, kept = excess, Polished(blocks, sign[owners[live]], owners[live], nu)
        if units.size and (excess <= ROUNDING or (excess > 0.5 * best and best < 1e-14)):
            break
        near = np.flatnonzero(prices > beta * max(0.0, 1.0 - max(NEARBY, 4.0 * excess)))
        used = c > 0.0
        units = np.concatenate([units[used], found[near] / prices[near, None]])
        owners, c = np.concatenate([owners[used], near]), c[used]
        rows = _distinct(units, sign[owners])
        c = np.append(c, np.zeros(len(near)))[rows]
        units, owners = units[rows], owners[rows]
        c, nu = solved(data, beta, loss, units, sign[owners], c)
    return kept


def _distinct(
    units: Float64[np.ndarray, "k d"], signs: Float64[np.ndarray, " k"]
) -> Int[np.ndarray, " m"]:
    """Return the newest of directions that are the same but for rounding, in their order."""
    keys = np.round(np.column_stack([units, signs])[::-1], 15)
    _, first = np.unique(keys, axis=0, return_index=True)
    return np.sort(len(units) - 1 - first)


def solved(
    data: Dataset,
    beta: float,
    loss: Loss,
    units: Float64[np.ndarray, "k d"],
    signs: Float64[np.ndarray, " k"],
    start: Float64[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " n"]]:
    """Solve the lasso over some directions, for a loss that is no square by Newton's method."""
    A = np.maximum(data.X @ units.T, 0.0) * signs
    if loss.name == SQUARED.name:
        c = nonnegative_lasso(A, data.y, beta)
        return c, data.y - A @ c
    c = start
    for _ in range(20):
        fit = A @ c
        nu = np.asarray(loss.dual_point(fit, data.y))
        shares = np.clip(data.y * nu, 1e-12, 1.0 - 1e-12)
        roots = np.sqrt(shares * (1.0 - shares))
        moved = nonnegative_lasso(A * roots[:, None], roots * fit + nu / roots, beta)
        if _objective(A, moved, data, beta, loss) > _objective(A, c, data, beta, loss):
            moved = 0.5 * (moved + c)
        done = float(np.abs(moved - c).max(initial=0.0)) <= 1e-15 * float(c.sum())
        c = moved
        if done:
            break
    return c, np.asarray(loss.dual_point(A @ c, data.y))


def _objective(
    A: Float64[np.ndarray, "n k"],
    c: Float64[np.ndarray, " k"],
    data: Dataset,
    beta: float,
    loss: Loss,
) -> float:
    return loss.value(A @ c, data.y) + beta * float(c.sum())
