"""The best constant beside no neuron, and the dual point there."""

import numpy as np

from relaxgap.certificates.output_bias import OutputBias
from relaxgap.networks.optimal_set.known_optimum import CURVATURE
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS, LongPoint, dual_point
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.problems.biases import Bias, BiasColumn
from relaxgap.problems.losses import SQUARED

STEPS = 4
"""Of Newton's method for the constant, from one that is right to float64."""


def zero_network(problem: Problem) -> tuple[LongPoint, float]:
    """Return the zero network with its best constant, and how far its dual point may be off."""
    data, loss = problem.data, problem.loss
    nothing, no_signs = np.zeros((0, data.d), dtype=LONG), np.zeros(0)
    zero = np.zeros(data.n, dtype=LONG)
    if problem.output is Bias.NONE:
        nu = np.asarray(loss.dual_point(zero.astype(np.float64), data.y))
        return LongPoint(nothing, no_signs, nu.astype(LONG)), 0.0
    column = BiasColumn.unused(data.d)
    found = OutputBias(data.y, loss, problem.beta, problem.penalty, column).best_constant(
        np.zeros(data.n)
    )
    constant, squared = LONG(found), loss.name == SQUARED.name
    for _ in range(STEPS):
        nu = dual_point(loss, zero + constant, data.y)
        shares = data.y * nu
        curvature = LONG(data.n) if squared else (shares * (1.0 - shares)).sum()
        constant += problem.slope_in_constant(nu, constant) / (curvature + LONG(problem.penalty))
    nu = dual_point(loss, zero + constant, data.y)
    if problem.is_free and not squared:
        # in fractions: what each sample of a class has of the other class
        n_positive = int(np.count_nonzero(data.y > 0.0))
        of_class = LONG(data.n - n_positive), LONG(n_positive)
        nu = np.where(data.y > 0.0, of_class[0], -of_class[1]) / LONG(data.n)
        return LongPoint(nothing, no_signs, nu, constant), 4.0 * LONG_EPS * float(data.n) ** 0.5
    slope = float(abs(problem.slope_in_constant(nu, constant)))
    sizes = float(np.abs(nu).sum()) + float(problem.penalty * abs(constant))
    sizes += float(np.abs(data.y).sum())
    slope += LONG_EPS * (data.n + 16) * sizes
    least = problem.penalty + (data.n if squared else 0.0)
    off = slope / least * CURVATURE[loss.name] * float(data.n) ** 0.5 * (1.0 + 1e-12)
    return LongPoint(nothing, no_signs, nu, constant), off
