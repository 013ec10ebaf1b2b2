r"""Bounds of a problem with an output bias, from dual points of problems where it is fixed.

With the bias fixed at :math:`c` the optimum is convex in :math:`c`, and its dual points are
feasible whatever :math:`c` is: prices know nothing of it. So every dual point, and every mean of
two, bounds the problem with a bias of cost :math:`\tfrac\rho2 c^2` from below,

.. math:: -\ell^*(-\nu) - \tfrac{1}{2\rho} (1^\top \nu)^2 \quad (\rho > 0), \qquad
          -\ell^*(-\nu) - C\, |1^\top \nu| \quad (\rho = 0)

with :math:`C` a bound of the best constant. Of two dual points on different sides of
:math:`1^\top \nu = \rho c`, the mean that meets it is the one to take: its value is wrong by the
square of the distance of their constants.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import EPS
from relaxgap.problems.biases import BiasColumn
from relaxgap.problems.losses import Loss

HALVINGS = 60
"""Of an interval with the best constant of a fit in it, or of means of two dual points."""
KINK = 1e-9
"""Relative distance of constants on both sides of one at which the loss may have a kink."""
FARTHEST = 1e9
"""Constants beyond it are not tried: in units of the spread of labels and fits."""


@dataclass(frozen=True, slots=True, eq=False)
class OutputBias:
    r"""Say what an output bias costs.

    Parameters
    ----------
    y : (n,) float64
        Labels.
    loss : Loss
        Of the fit and the constant together.
    beta : float
        Regularisation strength of all other weights.
    penalty : float
        :math:`\rho`, 0 where the bias is free.
    column : BiasColumn
        Of the hidden biases, or what stands for it without them.
    """

    y: Float64[np.ndarray, " n"]
    loss: Loss
    beta: float
    penalty: float
    column: BiasColumn

    def cost(self, constant: float) -> float:
        """Return the cost of a constant, rounded up, and what labels that it moved are off by."""
        cost = 0.5 * self.penalty * constant**2 * (1.0 + 4.0 * EPS)
        if self.loss.of_classes:
            return cost
        moved = self.y - constant
        return cost + self.loss.value_error(np.zeros_like(moved), moved, EPS * _norm(moved))

    def overpaid(self, weights: Float64[np.ndarray, "m e"]) -> float:
        """Return what free hidden biases cost in the lengths of weights, rounded down."""
        if self.column.slack == 1.0:
            return 0.0
        lengths = np.linalg.norm(weights, axis=1) - np.linalg.norm(weights[:, :-1], axis=1)
        whole = float(np.linalg.norm(weights, axis=1).sum())
        rounding = 4.0 * EPS * (weights.size + 8) * whole
        return self.beta * max(float(lengths.sum()) - rounding, 0.0)

    def slope(self, nu: Float64[np.ndarray, " n"], constant: float) -> float:
        """Return minus the slope in the constant of the optimum of which this is a dual point."""
        return math.fsum(nu) - self.penalty * constant

    def best_constant(self, fit: Float64[np.ndarray, " n"]) -> float:
        """Return a constant of nearly least loss and cost beside a fit."""
        if not self.loss.of_classes:
            # the one loss of numbers is squared
            return float(math.fsum(self.y - fit) / (self.y.size + self.penalty))

        def falls(constant: float) -> bool:
            return self.slope(self.loss.dual_point(fit + constant, self.y), constant) > 0.0

        step = 1.0 + float(np.abs(fit).max(initial=0.0))
        low, high = -step, step
        while falls(high) and high < FARTHEST * step:
            low, high = high, 2.0 * high
        while not falls(low) and low > -FARTHEST * step:
            low, high = 2.0 * low, low
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if falls(middle) else (low, middle)
        return 0.5 * (low + high)

    def dual_point_of_zero(self) -> Float64[np.ndarray, " n"]:
        """Return the dual point of zero weights at the best constant, balanced.

        Where a loss has a kink there, it is the mean of those on both sides that the constant's
        own condition asks for.
        """
        zero = np.zeros_like(self.y)
        constant = self.best_constant(zero)
        step = KINK * (1.0 + abs(constant))
        sides = [
            np.asarray(self.loss.dual_point(zero + at, self.y))
            for at in (constant - step, constant + step)
        ]
        sums = [math.fsum(nu) - self.penalty * constant for nu in sides]
        if not self.loss.of_classes or not sums[0] > 0.0 > sums[1]:
            return np.asarray(self.loss.dual_point(zero + constant, self.y))
        share = sums[0] / (sums[0] - sums[1])
        return (1.0 - share) * sides[0] + share * sides[1]

    def lower_bound(
        self, nu: Float64[np.ndarray, " n"], upper: float
    ) -> tuple[Float64[np.ndarray, " n"], float]:
        """Return a dual point, scaled, and what it proves of the problem with a bias.

        Parameters
        ----------
        nu : (n,) float64
            Feasible for ``beta`` up to the slack.
        upper : float
            A value that is attained.
        """
        zero = np.zeros_like(self.y)
        best = zero, 0.0
        for candidate, limit in ((nu, 1.0 / self.column.slack), self._balanced(nu)):
            scale, _ = self.loss.best_scale(candidate, self.y, limit)
            for factor in (scale, limit):
                scaled = factor * (1.0 - 8.0 * EPS) * candidate
                value = self._value(scaled, upper)
                if value > best[1]:
                    best = scaled, value
        return best

    def mean(
        self,
        above: Float64[np.ndarray, " n"],
        below: Float64[np.ndarray, " n"],
        upper: float,
    ) -> tuple[Float64[np.ndarray, " n"], float, float]:
        """Return the best mean of two dual points, what it proves, and the share of the first.

        Parameters
        ----------
        above, below : (n,) float64
            Feasible, with sums of different signs unless the bias is penalised.
        upper : float
            A value that is attained.
        """
        share = self._share(above, below)
        nu = share * above + (1.0 - share) * below
        return *self.lower_bound(nu, upper), share

    def _share(self, above: Float64[np.ndarray, " n"], below: Float64[np.ndarray, " n"]) -> float:
        high, low = math.fsum(above), math.fsum(below)
        if self.penalty == 0.0:
            return min(max(low / (low - high), 0.0), 1.0) if high != low else 0.5

        def value(share: float) -> float:
            nu = share * above + (1.0 - share) * below
            return self.loss.dual_value(nu, self.y) - math.fsum(nu) ** 2 / (2.0 * self.penalty)

        left, right = 0.0, 1.0
        for _ in range(HALVINGS):
            third = (right - left) / 3.0
            if value(left + third) < value(right - third):
                left += third
            else:
                right -= third
        return 0.5 * (left + right)

    def _balanced(self, nu: Float64[np.ndarray, " n"]) -> tuple[Float64[np.ndarray, " n"], float]:
        """Return the dual point with a sum of zero, and the scale that makes it feasible.

        What is taken away has entries of one sign, which add up to the sum, so that its price is
        at most the sum times the reach. Of classes it is a part of the heavier one: shares stay
        shares.
        """
        total = math.fsum(nu)
        if self.penalty > 0.0 or total == 0.0:
            return np.zeros_like(nu), 0.0
        heavier = nu * np.sign(total) > 0.0
        if self.loss.of_classes:
            kept = 1.0 - total / math.fsum(nu[heavier])
            balanced = np.where(heavier, kept * nu, nu)
        else:
            balanced = nu - total / nu.size
        price = abs(total) * self.column.reach
        return balanced, 1.0 / (self.column.slack * (1.0 + price / self.beta) * (1.0 + 8.0 * EPS))

    def _value(self, nu: Float64[np.ndarray, " n"], upper: float) -> float:
        value = self.loss.dual_value(nu, self.y)
        if not math.isfinite(value):
            return 0.0
        total = abs(math.fsum(nu)) * (1.0 + 2.0 * EPS)
        lost = total**2 / (2.0 * self.penalty) if self.penalty > 0.0 else total * self.most(upper)
        return value - self.loss.dual_rounding(nu, self.y) - lost * (1.0 + 4.0 * EPS)

    def most(self, upper: float) -> float:
        r"""Bound the constant of the best network with a free bias: :math:`C`.

        All neurons together reach at most the value over ``beta`` times the reach on a row, and one
        row has at most its share of the loss.
        """
        outputs = upper / self.beta * self.column.reach
        if self.loss.of_classes:
            # one sample of each class is at most this far on the wrong side
            return outputs + upper + 1.0
        rows = math.sqrt(2.0 * upper / self.y.size)
        return outputs + rows + float(np.abs(self.y).max())


def _norm(y: Float64[np.ndarray, " n"]) -> float:
    return float(np.linalg.norm(y))
