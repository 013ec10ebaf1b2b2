r"""Semismooth Newton on the augmented Lagrangian of the dual, over a fixed list of blocks.

An outer step of size :math:`\sigma` minimises over the dual point

.. math:: \psi(\nu) = \tfrac12 \|\nu\|^2 - y^\top \nu + \tfrac1{2\sigma} \sum_b
          (\|\mathrm{Proj}_{K_b}(w_b + \sigma g_b(\nu))\| - \sigma\beta)_+^2

and moves every block to the soft threshold of its projection, which is the proximal map of
:math:`\sigma\beta \|\cdot\|` plus the indicator of the cone. :math:`\psi` is once differentiable
and piecewise smooth; its generalised Hessian has the size of the data whatever the number of
blocks: with :math:`c_b = \sigma\beta/\|p_b\|` and :math:`a_b` the response of the unit projection,

.. math:: I + \sigma \sum_b (1 - c_b) D_b X \Pi_b X^\top D_b + \sigma \sum_b c_b a_b a_b^\top .

References
----------
Li, Sun & Toh (2018), A highly efficient semismooth Newton augmented Lagrangian method for solving
Lasso problems, arXiv 1607.05428; Zhang, Zhang, Sun & Toh (2020) for group penalties.
"""

from math import inf, sqrt

import numpy as np
from jaxtyping import Float, Int

from relaxgap.numerics.backend import Array
from relaxgap.solvers.newton.block_operators import ActiveBlocks, BlockOperator

GROWTH = 3.0
MOST_NEWTON_STEPS = 40
SMALLEST_STEP = 1e-14
ACCEPTED = 1e-2
SHRINKAGE = 100.0
FEW_STEPS = 2
LARGEST_SIGMA = 1e16
UNIT_ROUNDOFF = 1.1e-16


class AugmentedLagrangian:
    """Iterate on one list of blocks; ``X`` and ``y`` are expected in units where they have norm 1.

    All arrays are the backend's; indices of blocks are NumPy.

    Parameters
    ----------
    blocks : BlockOperator
        The blocks.
    y : (n,)
        Labels.
    beta : float
        Regularisation strength.
    nu : (n,)
        Dual point to start from.
    w : (B, d)
        Blocks to start from.
    sigma : float
        First step.
    """

    def __init__(
        self,
        blocks: BlockOperator,
        y: Float[Array, " n"],
        beta: float,
        nu: Float[Array, " n"],
        w: Float[Array, "B d"],
        sigma: float,
    ) -> None:
        self.blocks, self.y, self.beta = blocks, y, beta
        self.nu, self.w, self.sigma = nu, w, sigma
        self.arrays, self.gradients = blocks.arrays, blocks.gradients(nu)
        self.largest_sigma = LARGEST_SIGMA / self.arrays.coarseness
        self.diagonal = self.arrays.asarray(np.arange(y.shape[0]))
        self.n_newton_steps = 0

    def advance(self, tolerance: float) -> None:
        """Minimise over the dual point, move the blocks, and lengthen the next step.

        Newton's method stops where rounding hides the gradient, which grows with the step: near
        that the step stays. If rounding or a far start keeps it from the minimum, blocks and dual
        point stay where they were and the next step is shorter.

        Parameters
        ----------
        tolerance : float
            Norm of the gradient to reach, relative to that of the dual point.
        """
        nu, gradients = self.nu, self.gradients
        value, active, fit = self._evaluate(nu, gradients)
        n_steps, left, rounding = 0, inf, inf
        while True:
            slope = self.nu - self.y + fit
            size = sqrt(float(self.nu @ self.nu))
            if size > 0.0:
                left = sqrt(float(slope @ slope)) / size
                rounding = self._rounding(active) / size
            if left <= max(tolerance, rounding) or n_steps == MOST_NEWTON_STEPS:
                break
            step = self._newton_step(active, slope)
            moved = None if step is None else self._line_search(value, slope, step)
            if moved is None:
                break
            value, active, fit = moved
            n_steps += 1
        self.n_newton_steps += n_steps
        # a NaN is no descent either
        if not left <= max(tolerance, ACCEPTED):
            self.nu, self.gradients = nu, gradients
            self._scale_step(1.0 / SHRINKAGE)
            self.largest_sigma = self.sigma
            return
        self.w = self.arrays.xp.zeros_like(self.w)
        kept = 1.0 - self.sigma * self.beta / active.norms
        self.w[self.arrays.asarray(active.index)] = kept[:, None] * active.points
        if rounding <= 0.1 * ACCEPTED:
            growth = GROWTH if n_steps > FEW_STEPS else GROWTH**2
            self._scale_step(min(growth, self.largest_sigma / self.sigma))

    def _rounding(self, active: ActiveBlocks) -> float:
        """Estimate the rounding in the fit: every block adds that of a vector of its norm."""
        norm = sqrt(float(active.norms @ active.norms))
        return UNIT_ROUNDOFF * self.arrays.coarseness * norm

    def _scale_step(self, factor: float) -> None:
        self.blocks.rescale(factor)
        self.sigma *= factor

    @property
    def relative_gap(self) -> float:
        """Gap of the program over these blocks alone, to decide when to stop, not to certify."""
        used = self.used
        w = self.w[self.arrays.asarray(used)]
        residual = self.y - self.blocks.fit(used, w)
        lengths = float(self.arrays.xp.sum(self.arrays.norms(w)))
        primal = 0.5 * float(residual @ residual) + self.beta * lengths
        largest = self.blocks.largest_price(self.gradients, self.sigma)
        square, product = float(self.nu @ self.nu), float(self.y @ self.nu)
        if square == 0.0 or product <= 0.0 or primal == 0.0:
            return 1.0
        scale = product / square if largest == 0.0 else min(self.beta / largest, product / square)
        return 1.0 - (scale * product - 0.5 * scale**2 * square) / primal

    @property
    def used(self) -> Int[np.ndarray, " A"]:
        """The nonzero blocks."""
        return np.flatnonzero(self.arrays.to_numpy(self.arrays.xp.any(self.w != 0.0, axis=1)))

    def _evaluate(
        self, nu: Float[Array, " n"], gradients: Float[Array, "B d"]
    ) -> tuple[float, ActiveBlocks, Float[Array, " n"]]:
        level = self.sigma * self.beta
        active = self.blocks.longer_than(self.w + self.sigma * gradients, level)
        excess = active.norms - level
        value = 0.5 * (nu @ nu) - self.y @ nu + 0.5 * (excess @ excess) / self.sigma
        return float(value), active, (excess / active.norms) @ active.responses

    def _newton_step(
        self, active: ActiveBlocks, slope: Float[Array, " n"]
    ) -> Float[Array, " n"] | None:
        c = self.sigma * self.beta / active.norms
        hessian = self.blocks.curvature(active, self.sigma * (1.0 - c))
        low_rank = ((self.sigma * c) ** 0.5 / active.norms)[:, None] * active.responses
        hessian += low_rank.T @ low_rank
        hessian[self.diagonal, self.diagonal] += 1.0
        (factor,) = self.arrays.cholesky([hessian])
        if factor is None:
            return None
        step = -self.arrays.cholesky_solve(factor, slope)
        return step if bool(self.arrays.xp.all(self.arrays.xp.isfinite(step))) else None

    def _line_search(
        self, value: float, slope: Float[Array, " n"], step: Float[Array, " n"]
    ) -> tuple[float, ActiveBlocks, Float[Array, " n"]] | None:
        """Halve the step until the function falls enough; None if rounding hides any fall."""
        change, descent = self.blocks.gradients(step), float(slope @ step)
        coarseness = self.arrays.coarseness
        rounding = 1e-15 * coarseness * (abs(value) + 1.0)
        length = 1.0
        while length >= SMALLEST_STEP * coarseness:
            nu, gradients = self.nu + length * step, self.gradients + length * change
            moved = self._evaluate(nu, gradients)
            if moved[0] <= value + 1e-4 * length * descent + rounding:
                self.nu, self.gradients = nu, gradients
                return moved
            length *= 0.5 if length > 0.1 else 0.1
        return None
