r"""Find the output bias: the root of a slope that only whole programs tell.

With the bias fixed at :math:`c` a problem is one of those without. Its optimum is convex in
:math:`c`, of slope :math:`\rho c - 1^\top \nu` for the dual point :math:`\nu`. Few constants are
enough: the mean of the dual points on both sides is wrong by the square of their distance.
"""

import math

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.output_bias import OutputBias

MAX_CONSTANTS = 40
FIRST_STEP = 0.1
"""First step towards the other side of the best constant, in units of the labels' spread."""
BEYOND, LARGEST_GROWTH = 1.5, 10.0
"""How far to go in units of where two slopes meet zero, and at most in units of the last step."""
MARGIN = 0.02
"""Part of the interval at either end that the next constant stays away from."""
COLLAPSED = 1e-14
"""Width of the interval, in units of the spread, that rounding leaves."""


class ConstantSearch:
    """Choose one constant after another, and keep the best bound that their dual points prove.

    Parameters
    ----------
    bias : OutputBias
        What the constant costs.
    start : float
        The first constant.
    """

    def __init__(self, bias: OutputBias, start: float) -> None:
        self.bias, self.constant = bias, start
        self.nu, self.lower = np.zeros_like(bias.y), 0.0
        spread = 1.0 if bias.loss.of_classes else float(np.std(bias.y))
        self.spread = spread or 1.0
        self.n_constants = 0
        self._step = FIRST_STEP * self.spread
        self._before: float | None = None
        self.share: float | None = None
        self._sides: dict[bool, tuple[float, float, Float64[np.ndarray, " n"]]] = {}
        self._weights = {False: 1.0, True: 1.0}
        self._last: bool | None = None

    @property
    def both_sides(self) -> bool:
        """Whether the best constant is known to lie between two."""
        return len(self._sides) == 2

    @property
    def is_over(self) -> bool:
        """Whether no further constant would tell more."""
        if self.n_constants >= MAX_CONSTANTS:
            return True
        if not self.both_sides:
            return False
        low, high = (self._sides[rises][0] for rises in (True, False))
        return abs(high - low) <= COLLAPSED * (self.spread + abs(self.constant))

    def offer(self, nu: Float64[np.ndarray, " n"], upper: float) -> None:
        """Take a dual point that is feasible without the bias; the better bound is kept."""
        self._keep(*self.bias.lower_bound(nu, upper))
        rises = self.bias.slope(nu, self.constant) > 0.0
        other = self._sides.get(not rises)
        if other is not None:
            mean, value, _ = self.bias.mean(nu, other[2], upper)
            self._keep(mean, value)

    def settle(self, nu: Float64[np.ndarray, " n"], upper: float) -> None:
        """Take the last dual point of this constant, and go on to the next.

        ``share`` is that of this constant in the mean with the other side's, if there is one.
        """
        self.offer(nu, upper)
        self.n_constants += 1
        slope = self.bias.slope(nu, self.constant)
        rises = slope > 0.0
        other = self._sides.get(not rises)
        self.share = None if other is None else self.bias.mean(nu, other[2], upper)[2]
        self._sides[rises] = self.constant, slope, nu
        # the end that stays counts half of what it did before (the Illinois rule)
        self._weights[rises] = 1.0
        if self._last is rises:
            self._weights[not rises] *= 0.5
        self._last = rises
        self.constant = self._between() if self.both_sides else self._beyond(slope)

    def _between(self) -> float:
        (low, up, _), (high, down, _) = self._sides[True], self._sides[False]
        up, down = self._weights[True] * up, -self._weights[False] * down
        share = up / (up + down) if up + down > 0.0 else 0.5
        return low + min(max(share, MARGIN), 1.0 - MARGIN) * (high - low)

    def _beyond(self, slope: float) -> float:
        """Step towards the other side: beyond where this slope and the last one meet zero."""
        step = self._step
        if self._before is not None:
            fall = abs(self._before) - abs(slope)
            reach = BEYOND * abs(slope) / fall if fall > 0.0 else LARGEST_GROWTH
            step *= min(max(reach, 1.0), LARGEST_GROWTH)
        self._before, self._step = slope, step
        return self.constant + math.copysign(step, slope)

    def _keep(self, nu: Float64[np.ndarray, " n"], value: float) -> None:
        if value > self.lower:
            self.nu, self.lower = nu, value
