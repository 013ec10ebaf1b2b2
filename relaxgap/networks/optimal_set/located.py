"""How near a dual point is to the optimal one, and the cells that can be tight there."""

from dataclasses import dataclass

import numpy as np

from relaxgap.networks.optimal_set.known_optimum import (
    KnownOptimum,
    known_optimum,
    of_dual_point,
)
from relaxgap.networks.optimal_set.long_numbers import LONG, LONG_EPS, LongPoint
from relaxgap.networks.optimal_set.priced_cells import PricedCells, price_cells
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import spectral_norm
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.biases import Bias

BAND = 1e-5
"""Cells priced within this part of beta are looked at one by one, more if the radius asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Hold how near a dual point is to the optimal one, and the cells that can be tight there."""

    known: KnownOptimum
    largest_price: np.longdouble
    cells: PricedCells


def locate(
    problem: Problem,
    patterns: PatternSet,
    point: LongPoint,
    nearby: float = 0.0,
) -> Located:
    """Price all cells, with a band below ``beta`` that is wide enough for the radius.

    The dual point that is meant may be ``nearby``: see `known_optimum`.
    """
    data, beta = problem.data, problem.beta
    band, size = BAND, spectral_norm(data.X) * (1.0 + 1e-9)
    # what is not listed was priced at the float64 nearest to the dual point
    nu = point.nu
    off = nearby + float(np.linalg.norm(problem.off_balance(nu))) * (1.0 + 1e-12)
    tail = EPS * float(np.linalg.norm(nu.astype(np.float64)))
    while True:
        threshold = beta * (1.0 - band)
        cells = price_cells(data.X, patterns, nu, threshold)
        listed = LONG(np.max(cells.price_high, initial=0.0))
        largest = LONG(np.maximum(LONG(threshold + size * tail), listed) + LONG(size * off))
        largest = LONG(largest * (1.0 + 4.0 * LONG_EPS))
        known = known_optimum(problem, point, largest, nearby)
        if size * known.radius < 0.5 * band * beta or band >= 0.9 or size == 0.0:
            break
        band = min(0.9, max(100.0 * band, 4.0 * size * known.radius / beta))
    if size > 0.0 and size * known.radius >= 0.5 * band * beta:
        # nothing is known of the prices: all cells can be tight
        cells = price_cells(data.X, patterns, nu, -1.0)
    return Located(known, largest, cells.over(cells.possibly_tight(beta, known.radius)))


def with_exact_entries(
    problem: Problem, patterns: PatternSet, cells: PricedCells, known: KnownOptimum
) -> KnownOptimum:
    """Set the dual entries of samples on which no tight cell is active: the fit is zero there."""
    if problem.output is not Bias.NONE:
        # the output is a constant there that is not known exactly
        return known
    data = problem.data
    active = patterns.unpack(cells.pattern).any(axis=0) & np.any(data.X != 0.0, axis=1)
    idle = ~active
    nu = known.nu.copy()
    nu[idle] = problem.loss.dual_point(np.zeros(data.n), data.y)[idle]
    errors = np.where(idle, 0.0, known.errors)
    return of_dual_point(problem, nu, errors, known.radius)
