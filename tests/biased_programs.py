"""Training with biases as a conic program over listed patterns, written out term by term."""

import cvxpy as cp
import numpy as np
from jaxtyping import Float64

from relaxgap.patterns import PatternSet
from relaxgap.problems.biases import Bias, Biases


def conic_optimum(
    X: Float64[np.ndarray, "n d"],
    y: Float64[np.ndarray, " n"],
    patterns: PatternSet,
    beta: float,
    loss: str,
    biases: Biases,
) -> float:
    """Return the optimum over patterns of ``[X, 1]``, by Clarabel."""
    rows = np.column_stack([X, np.ones(len(X))])
    bits = patterns.unpack(np.arange(patterns.n_patterns))
    constant, fit, norms, cones = cp.Variable(), 0.0, 0.0, []
    for pattern in bits:
        for sign in (1.0, -1.0):
            u = cp.Variable(rows.shape[1])
            fit = fit + sign * cp.multiply(pattern.astype(float), rows @ u)
            norms = norms + cp.norm(u[:-1] if biases.hidden is Bias.FREE else u)
            cones.append(cp.multiply(2.0 * pattern - 1.0, rows @ u) >= 0)
    output = fit + constant
    losses = {
        "squared": lambda: 0.5 * cp.sum_squares(output - y),
        "logistic": lambda: cp.sum(cp.logistic(-cp.multiply(y, output))),
        "hinge": lambda: cp.sum(cp.pos(1.0 - cp.multiply(y, output))),
    }
    value = losses[loss]() + beta * norms
    if biases.output is Bias.PENALISED:
        value = value + 0.5 * beta * cp.square(constant)
    problem = cp.Problem(cp.Minimize(value), cones)
    problem.solve(solver=cp.CLARABEL)
    return float(problem.value)
