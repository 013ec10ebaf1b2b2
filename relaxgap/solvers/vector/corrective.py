"""The optimum over cells: fully corrective Frank-Wolfe steps, polished by Newton's method.

A round prices the cells at the residual, takes in the best neurons, finds the best output weights
of all that were taken in, and lets Newton's method move what is left within its faces.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.vector.cone_pca import VectorPricing
from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.vector.given_cells import GivenCells
from relaxgap.solvers.vector.polish import polish
from relaxgap.solvers.vector.row_lasso import row_lasso

NEURONS_A_ROUND = 12
NEGLIGIBLE = 1e-9
LASSO_SHARE = 1e-2
"""Fraction of the gap to which output weights are found before the polish."""
MAX_ROUNDS = 500
MAX_STALLED = 3
"""Rounds without a better bracket that end the work."""
ALIKE, SMALL, ON_EDGE, COPY = 0.98, 0.2, 1e-9, 1.0 - 1e-15


def corrective_rounds(
    program: VectorProgram,
    prices: VectorPricing,
    rtol: float,
    proven_by: str = "cells",
    given: GivenCells | None = None,
) -> Iterator[VectorBracket]:
    """Yield brackets of the optimum over the cells that are priced, each inside the one before.

    Parameters
    ----------
    program : VectorProgram
        Problem.
    prices : VectorPricing
        Of all patterns of its rows, or of some; or of neurons that ascent finds, which prove no
        bound.
    rtol : float
        Relative gap at which to end.
    proven_by : str
        What the prices are proven by.
    given : GivenCells, optional
        The cells that neurons have to be in, if not all.
    """
    data = program.data
    hidden, output = np.zeros((0, data.d)), np.zeros((0, data.q))
    bracket, stalled = VectorBracket.unsolved(program), 0
    for _ in range(MAX_ROUNDS):
        residual = data.Y - program.fit(hidden, output)
        found = prices(program.spread(residual), program.beta)
        bracket = bracket.with_dual_point(program, residual, found.largest, proven_by)
        yield bracket
        taken = found.best.u[found.best.price > program.beta][:NEURONS_A_ROUND]
        if given is not None:
            taken, inside = given.within(taken)
            taken = taken[inside]
        if bracket.relative_gap <= rtol or len(hidden) + len(taken) == 0:
            return
        value = program.value(hidden, output)
        # how far the gap would be if the best price known were the largest
        near = found.best.price.max(initial=0.0) / program.beta - 1.0 if len(taken) else np.inf
        hidden, output = _corrected(
            program,
            np.vstack([hidden, taken]),
            np.vstack([output, np.zeros((len(taken), data.q))]),
            LASSO_SHARE * min(bracket.relative_gap, float(near)),
            given,
        )
        bracket = bracket.with_network(program, hidden, output)
        stalled = stalled + 1 if program.value(hidden, output) >= value else 0
        if stalled == MAX_STALLED:
            return


def _corrected(
    program: VectorProgram,
    hidden: Float64[np.ndarray, "m d"],
    output: Float64[np.ndarray, "m q"],
    rtol: float,
    given: GivenCells | None,
) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, "k q"]]:
    """Return the best output weights of the neurons, polished, without neurons of no weight."""
    lengths = np.linalg.norm(hidden, axis=1)
    units, scaled = _without_copies(hidden / lengths[:, None], output * lengths[:, None])
    features = program.features(units)
    costs = np.full(len(units), program.beta)
    weights = row_lasso(features, program.data.Y, costs, scaled, rtol)
    sizes = np.linalg.norm(weights, axis=1)
    kept = sizes > NEGLIGIBLE * max(float(sizes.max(initial=0.0)), 1e-300)
    units, weights = units[kept], weights[kept]
    value = program.value(units, weights)
    for start in ((units, weights), _merged(program, units, weights)):
        moved, outputs = polish(program, start[0], start[1], crossing=given is None)
        if given is not None:
            moved, inside = given.within(moved)
            if not inside.all():
                continue
        if program.value(moved, outputs) <= value * (1.0 + 1e-14):
            units, weights = moved, outputs
            value = program.value(units, weights)
    some = np.linalg.norm(units, axis=1) * np.linalg.norm(weights, axis=1) > 0.0
    return units[some], weights[some]


def _without_copies(
    units: Float64[np.ndarray, "m d"], weights: Float64[np.ndarray, "m q"]
) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, "k q"]]:
    """Add up the output weights of neurons of one direction."""
    near = units @ units.T > COPY
    first = np.argmax(near, axis=1)
    summed = np.zeros_like(weights)
    np.add.at(summed, first, weights)
    kept = np.unique(first)
    return units[kept], summed[kept]


def _merged(
    program: VectorProgram,
    units: Float64[np.ndarray, "m d"],
    weights: Float64[np.ndarray, "m q"],
) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, "k q"]]:
    """Put a neuron into a larger one of its cell, if it is small or points the same way in and out.

    Two of a cell whose weight passes from one to the other would be polished for ever.
    """
    if not len(units):
        return units, weights
    along = program.data.X @ units.T
    sides = np.where(np.abs(along) <= ON_EDGE * np.abs(along).max(), 0.0, np.sign(along))
    sizes = np.linalg.norm(weights, axis=1)
    hidden: list[Float64[np.ndarray, " d"]] = []
    output: list[Float64[np.ndarray, " q"]] = []
    side: list[Float64[np.ndarray, " N"]] = []
    for j in np.argsort(-sizes):
        u, v = units[j], weights[j]
        for k, (w, out) in enumerate(zip(hidden, output, strict=True)):
            size = float(np.linalg.norm(out))
            near = float(u @ w) > ALIKE * float(np.linalg.norm(w))
            near = near and float(v @ out) > ALIKE * float(sizes[j]) * size
            if (near or sizes[j] < SMALL * size) and np.all(sides[:, j] * side[k] >= 0.0):
                share = float(sizes[j]) / (size + float(sizes[j]))
                hidden[k] = (1.0 - share) * w + share * u
                output[k] = out + v
                break
        else:
            hidden.append(u)
            output.append(v)
            side.append(sides[:, j])
    return (
        np.array(hidden).reshape(-1, units.shape[1]),
        np.array(output).reshape(-1, weights.shape[1]),
    )
