"""What ramps and a dual point prove together."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import Ends
from relaxgap.certificates.one_column.exact_sums import on_grid, without_sum
from relaxgap.certificates.one_column.prices import largest_price
from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.problems.one_column import OneColumnProgram, Ramps

PROVEN_BY = "kinks"
"""What proves these bounds: the prices of all kinks."""
TRIES, ROOM = 12, 4.0
"""Rounding moves a dual point, which may then be a little too long: how much more it shrinks."""


@dataclass(frozen=True, slots=True, eq=False)
class OneColumnBracket(Ends):
    """Hold ramps, a dual point, and the bracket of the optimum that they prove.

    Parameters
    ----------
    ramps : Ramps
        The network.
    nu : (n,) float64
        Dual feasible in exact arithmetic, its sum exactly 0; sorted.
    primal_value, dual_value : float
        The loss of the ramps, with its rounding, and a lower bound of the optimum.
    """

    ramps: Ramps
    nu: Float64[np.ndarray, " n"]
    primal_value: float
    dual_value: float
    proven_by: ClassVar[str] = PROVEN_BY

    @classmethod
    def unsolved(cls, program: OneColumnProgram) -> "OneColumnBracket":
        """Return the best constant, and what its dual point proves."""
        ramps = Ramps.none(best_constant(program))
        first = cls(ramps, np.zeros_like(program.y), attained(program, ramps), 0.0)
        return first.with_dual_point(program, dual_point_of_zero(program))

    def with_ramps(self, program: OneColumnProgram, ramps: Ramps) -> "OneColumnBracket":
        """Return the bracket with other ramps, if they are better than those it has."""
        total = float(np.abs(ramps.size).sum())
        if not math.isfinite(total + ramps.left):
            return self
        ramps = replace(ramps, size=on_grid(ramps.size, 4.0 * total))
        value = attained(program, ramps)
        if not value < self.primal_value:
            return self
        lower = min(self.dual_value, value)
        return replace(self, ramps=ramps, primal_value=value, dual_value=lower)

    def with_dual_point(
        self, program: OneColumnProgram, nu: Float64[np.ndarray, " n"]
    ) -> "OneColumnBracket":
        """Return the bracket with the best multiple of a dual point, if that proves more."""
        if not np.all(np.isfinite(nu)):
            return self
        found, value = _feasible_dual(program, nu)
        value = min(value, self.primal_value)
        return replace(self, nu=found, dual_value=value) if value > self.dual_value else self

    def with_better(self, other: "OneColumnBracket") -> "OneColumnBracket":
        """Return the better ramps and the better dual point of two brackets of one problem."""
        upper = other if other.primal_value < self.primal_value else self
        lower = other if other.dual_value > self.dual_value else self
        value = min(lower.dual_value, upper.primal_value)
        return replace(upper, nu=lower.nu, dual_value=value)


def fit_of(program: OneColumnProgram, ramps: Ramps) -> tuple[Float64[np.ndarray, " U"], float]:
    """Return the value of ramps at every site, and a bound of the rounding of each.

    Their slopes are added exactly: sizes are on a grid.
    """
    changes = np.zeros(program.n_sites)
    np.add.at(changes, ramps.first, ramps.size)
    np.add.at(changes, ramps.last, -ramps.size)
    steps = np.cumsum(changes)[:-1] * program.gaps
    fit = np.cumsum(np.concatenate([[ramps.left], steps]))
    rounding = EPS * float(np.abs(fit).sum() + 2.0 * np.abs(steps).sum())
    # gaps may underflow
    rounding += TINY * float(program.n_sites * np.abs(ramps.size).sum())
    return fit, rounding * (1.0 + 4.0 * EPS * fit.size)


def attained(program: OneColumnProgram, ramps: Ramps) -> float:
    """Return the loss of ramps and its rounding: an upper bound of the optimum."""
    sites, rounding = fit_of(program, ramps)
    loss, y, fit = program.loss, program.y, np.repeat(sites, program.counts)
    distance = math.sqrt(y.size) * rounding
    if not loss.of_classes:
        # labels are off by the rounding of the difference that they are
        distance += EPS * float(np.linalg.norm(y))
    cost = program.beta * float(np.abs(ramps.size).sum())
    value = loss.value(fit, y) + loss.value_error(fit, y, distance) + cost
    return value * (1.0 + 4.0 * EPS * (y.size + ramps.size.size + 8))


def best_constant(program: OneColumnProgram) -> float:
    """Return the constant of nearly least loss."""
    mean = float(program.y.mean())
    if not program.loss.of_classes:
        return mean
    # of one class alone there is none: a free constant fits it at no cost
    return math.log1p(mean) - math.log1p(-mean)


def dual_point_of_zero(program: OneColumnProgram) -> Float64[np.ndarray, " n"]:
    """Return the dual point of the best constant, whose largest price is the critical strength."""
    fit = np.full_like(program.y, best_constant(program))
    return balanced(program, np.asarray(program.loss.dual_point(fit, program.y)))


def balanced(program: OneColumnProgram, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return a dual point near this one with a sum of nearly zero, in the domain if this one is."""
    if not program.loss.of_classes:
        return np.asarray(nu - nu.mean())
    # shares of a class stay shares if they shrink
    total = float(nu.sum())
    heavier = nu * np.sign(total) > 0.0
    kept = 1.0 - total / float(nu[heavier].sum()) if heavier.any() else 1.0
    return np.where(heavier, max(kept, 0.0) * nu, nu)


def _feasible_dual(
    program: OneColumnProgram, nu: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], float]:
    """Return the best multiple that is feasible, in exact arithmetic, and what it proves."""
    loss, y = program.loss, program.y
    nu = balanced(program, np.asarray(loss.into_domain(nu, y)))
    price = largest_price(program, without_sum(nu))
    limit = program.beta / price if price > 0.0 else math.inf
    scale, _ = loss.best_scale(nu, y, limit)
    room = 1.0
    for _ in range(TRIES):
        scale *= 1.0 - 8.0 * EPS
        found = without_sum(scale * nu)
        price = largest_price(program, found)
        if price <= program.beta:
            value, size = loss.dual_value(found, y), np.abs(found)
            if not math.isfinite(value):
                break
            lost = loss.dual_rounding(found, y) + EPS * float(np.abs(y) @ size)
            return found, value - lost - TINY * float(size.sum())
        # on a grid prices move in steps, which may be wider than what is too much
        room *= ROOM
        scale *= max(1.0 - room * (price / program.beta - 1.0), 0.0)
    return np.zeros_like(y), 0.0


def critical_strength(program: OneColumnProgram) -> float:
    """Return the least strength at which a constant is optimal, rounded up."""
    return largest_price(program, without_sum(dual_point_of_zero(program)))
