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

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from relaxgap.solvers.block_operators import ActiveBlocks, BlockOperator

GROWTH = 3.0
MOST_NEWTON_STEPS = 40
SMALLEST_STEP = 1e-14
ACCEPTED = 1e-2
SHRINKAGE = 100.0
FEW_STEPS = 2
LARGEST_SIGMA = 1e16


class AugmentedLagrangian:
    """Iterate on one list of blocks; ``X`` and ``y`` are expected in units where they have norm 1.

    Parameters
    ----------
    blocks : BlockOperator
        The blocks.
    y : (n,) float64
        Labels.
    beta : float
        Regularisation strength.
    nu : (n,) float64
        Dual point to start from.
    w : (B, d) float64
        Blocks to start from.
    sigma : float
        First step.
    """

    def __init__(
        self,
        blocks: BlockOperator,
        y: Float64[np.ndarray, " n"],
        beta: float,
        nu: Float64[np.ndarray, " n"],
        w: Float64[np.ndarray, "B d"],
        sigma: float,
    ) -> None:
        self.blocks, self.y, self.beta = blocks, y, beta
        self.nu, self.w, self.sigma = nu, w, sigma
        self.gradients = blocks.gradients(nu)
        self.largest_sigma = LARGEST_SIGMA
        self.n_newton_steps = 0

    def advance(self, tolerance: float) -> None:
        """Minimise over the dual point, move the blocks, and lengthen the next step.

        If rounding or a far start keeps Newton's method from the minimum, blocks and dual point
        stay where they were and the next step is shorter.

        Parameters
        ----------
        tolerance : float
            Norm of the gradient to reach, relative to that of the dual point.
        """
        nu, gradients = self.nu, self.gradients
        value, active, fit = self._evaluate(nu, gradients)
        n_steps, left = 0, np.inf
        while True:
            slope = self.nu - self.y + fit
            size = float(np.linalg.norm(self.nu))
            left = float(np.linalg.norm(slope)) / size if size > 0.0 else np.inf
            if left <= tolerance or n_steps == MOST_NEWTON_STEPS:
                break
            step = self._newton_step(active, slope)
            moved = None if step is None else self._line_search(value, slope, step)
            if moved is None:
                break
            value, active, fit = moved
            n_steps += 1
        self.n_newton_steps += n_steps
        if left > max(tolerance, ACCEPTED):
            self.nu, self.gradients = nu, gradients
            self._scale_step(1.0 / SHRINKAGE)
            self.largest_sigma = self.sigma
            return
        self.w = np.zeros_like(self.w)
        kept = 1.0 - self.sigma * self.beta / active.norms
        self.w[active.index] = kept[:, None] * active.points
        growth = GROWTH if n_steps > FEW_STEPS else GROWTH**2
        self._scale_step(min(growth, self.largest_sigma / self.sigma))

    def _scale_step(self, factor: float) -> None:
        self.blocks.rescale(factor)
        self.sigma *= factor

    @property
    def relative_gap(self) -> float:
        """Gap of the program over these blocks alone, to decide when to stop, not to certify."""
        used = self.used
        residual = self.y - self.blocks.fit(used, self.w[used])
        lengths = float(np.linalg.norm(self.w[used], axis=1).sum())
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
        return np.flatnonzero(np.any(self.w != 0.0, axis=1))

    def _evaluate(
        self, nu: Float64[np.ndarray, " n"], gradients: Float64[np.ndarray, "B d"]
    ) -> tuple[float, ActiveBlocks, Float64[np.ndarray, " n"]]:
        level = self.sigma * self.beta
        active = self.blocks.longer_than(self.w + self.sigma * gradients, level)
        excess = active.norms - level
        value = (
            0.5 * float(nu @ nu) - float(self.y @ nu) + 0.5 * float(excess @ excess) / self.sigma
        )
        return value, active, (excess / active.norms) @ active.responses

    def _newton_step(
        self, active: ActiveBlocks, slope: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n"] | None:
        c = self.sigma * self.beta / active.norms
        hessian = self.blocks.curvature(active, self.sigma * (1.0 - c))
        low_rank = (np.sqrt(self.sigma * c) / active.norms)[:, None] * active.responses
        hessian += low_rank.T @ low_rank
        hessian[np.diag_indices_from(hessian)] += 1.0
        try:
            factor = cho_factor(hessian, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None
        step = -cho_solve(factor, slope, check_finite=False)
        return step if np.all(np.isfinite(step)) else None

    def _line_search(
        self, value: float, slope: Float64[np.ndarray, " n"], step: Float64[np.ndarray, " n"]
    ) -> tuple[float, ActiveBlocks, Float64[np.ndarray, " n"]] | None:
        """Halve the step until the function falls enough; None if rounding hides any fall."""
        change, descent = self.blocks.gradients(step), float(slope @ step)
        rounding = 1e-15 * (abs(value) + 1.0)
        length = 1.0
        while length >= SMALLEST_STEP:
            nu, gradients = self.nu + length * step, self.gradients + length * change
            moved = self._evaluate(nu, gradients)
            if moved[0] <= value + 1e-4 * length * descent + rounding:
                self.nu, self.gradients = nu, gradients
                return moved
            length *= 0.5 if length > 0.1 else 0.1
        return None
