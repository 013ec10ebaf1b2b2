r"""Semismooth Newton on the augmented Lagrangian of the dual, over a fixed list of blocks.

An outer step of size :math:`\sigma` minimises over the dual point

.. math:: \psi(\nu) = \ell^*(-\nu) + \tfrac1{2\sigma} \sum_b
          (\|\mathrm{Proj}_{K_b}(w_b + \sigma g_b(\nu))\| - \sigma\beta)_+^2

and moves every block to the soft threshold of its projection, which is the proximal map of
:math:`\sigma\beta \|\cdot\|` plus the indicator of the cone. :math:`\psi` is once differentiable
and piecewise smooth; its generalised Hessian has the size of the data whatever the number of
blocks: with :math:`c_b = \sigma\beta/\|p_b\|`, :math:`a_b` the response of the unit projection and
:math:`\Pi_b` the projection onto the span of the face that :math:`p_b` lies on,

.. math:: \nabla^2 \ell^*(-\nu) + \sigma \sum_b (1 - c_b) D_b X \Pi_b X^\top D_b
          + \sigma \sum_b c_b a_b a_b^\top .

For the squared loss :math:`\ell^*(-\nu) = \tfrac12 \|\nu\|^2 - y^\top \nu` and its Hessian is the
identity.

References
----------
Li, Sun & Toh (2018), A highly efficient semismooth Newton augmented Lagrangian method for solving
Lasso problems, arXiv 1607.05428; Zhang, Zhang, Sun & Toh (2020) for group penalties.
"""

from collections.abc import Iterator
from math import inf, sqrt

import numpy as np
from jaxtyping import Float, Int

from relaxgap.numerics.backend import Array
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.losses import CurvedDomain, NewtonLoss
from relaxgap.solvers.newton.block_operators import ActiveBlocks, BlockOperator

GROWTH = 3.0
"""Factor of sigma after an outer step, squared where `FEW_STEPS` Newton steps were enough."""
FEW_STEPS = 2
SHRINKAGE = 100.0
"""Divides sigma after an inner minimisation that failed."""
REGROWTH = 10.0
"""How far sigma may grow again over the same blocks: a far start fails, the same step later not."""
ACCEPTED = 1e-2
"""Gradient over dual point above which an inner minimisation has failed."""
MAX_NEWTON_STEPS = 40
MIN_STEP = 1e-14
"""Shortest step of a line search: rows may span sixteen orders of magnitude."""
SUFFICIENT_DECREASE = 1e-4
"""Armijo's constant."""
MAX_SIGMA = 1e16
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
    loss : NewtonLoss
        Of the fit.
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
        loss: NewtonLoss,
        beta: float,
        nu: Float[Array, " n"],
        w: Float[Array, "B d"],
        sigma: float,
    ) -> None:
        self.blocks, self.y, self.loss, self.beta = blocks, y, loss, beta
        self.curved = loss if isinstance(loss, CurvedDomain) else None
        # a start may be at the edge of the domain, as a certificate's dual point of zero is
        self.nu = nu if self.curved is None else self.curved.moved(nu, y, 0.0 * nu)
        self.w, self.sigma = w, sigma
        self.arrays, self.gradients = blocks.arrays, blocks.gradients(self.nu)
        self.max_sigma = MAX_SIGMA / self.arrays.roundoff_ratio
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
            Norm of the gradient to reach, relative to that of the dual point; in a curved
            domain, distance to the dual point of the fit.
        """
        nu, gradients = self.nu, self.gradients
        value, active, fit = self._evaluate(nu, gradients)
        n_steps, left, rounding = 0, inf, inf
        while True:
            checkpoint()
            slope = self.loss.conjugate_gradient(self.nu, self.y) + fit
            size = sqrt(float(self.nu @ self.nu))
            if size > 0.0:
                off = self._off(slope, fit)
                left = sqrt(float(off @ off)) / size
                rounding = self._rounding(active) / size
            if left <= max(tolerance, rounding) or n_steps == MAX_NEWTON_STEPS:
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
            self.max_sigma = REGROWTH * self.sigma
            return
        self.w = self.arrays.xp.zeros_like(self.w)
        kept = 1.0 - self.sigma * self.beta / active.norms
        self.w[self.arrays.asarray(active.index)] = kept[:, None] * active.points
        if rounding <= 0.1 * ACCEPTED:
            growth = GROWTH if n_steps > FEW_STEPS else GROWTH**2
            self._scale_step(min(growth, self.max_sigma / self.sigma))

    def _off(self, slope: Float[Array, " n"], fit: Float[Array, " n"]) -> Float[Array, " n"]:
        """Return the gradient, for the squared loss the distance to the dual point of the fit.

        Near the edge of a domain the gradient says nothing: it changes by orders of magnitude with
        a last digit of the dual point, and there the distance itself is taken.
        """
        return slope if self.curved is None else self.nu - self.loss.dual_point(fit, self.y)

    def _rounding(self, active: ActiveBlocks) -> float:
        """Estimate the rounding in the fit: every block adds that of a vector of its norm."""
        norm = sqrt(float(active.norms @ active.norms))
        return UNIT_ROUNDOFF * self.arrays.roundoff_ratio * norm

    def _scale_step(self, factor: float) -> None:
        self.blocks.rescale(factor)
        self.sigma *= factor

    @property
    def relative_gap(self) -> float:
        """Gap of the program over these blocks alone, to decide when to stop, not to certify."""
        used = self.used
        w = self.w[self.arrays.asarray(used)]
        lengths = float(self.arrays.xp.sum(self.arrays.norms(w)))
        primal = self.loss.value(self.blocks.fit(used, w), self.y) + self.beta * lengths
        largest = self.blocks.largest_price(self.gradients, self.sigma)
        limit = self.beta / largest if largest > 0.0 else inf
        scale, dual = self.loss.best_scale(self.nu, self.y, limit)
        return 1.0 if scale == 0.0 or primal == 0.0 else 1.0 - dual / primal

    @property
    def used(self) -> Int[np.ndarray, " A"]:
        """The nonzero blocks."""
        return np.flatnonzero(self.arrays.to_numpy(self.arrays.xp.any(self.w != 0.0, axis=1)))

    def _evaluate(
        self, nu: Float[Array, " n"], gradients: Float[Array, "B d"]
    ) -> tuple[float, ActiveBlocks, Float[Array, " n"]]:
        threshold = self.sigma * self.beta
        active = self.blocks.active(self.w + self.sigma * gradients, threshold)
        excess = active.norms - threshold
        value = self.loss.conjugate(nu, self.y) + 0.5 * (excess @ excess) / self.sigma
        return float(value), active, (excess / active.norms) @ active.responses

    def _newton_step(
        self, active: ActiveBlocks, slope: Float[Array, " n"]
    ) -> Float[Array, " n"] | None:
        c = self.sigma * self.beta / active.norms
        hessian = self.blocks.curvature(active, self.sigma * (1.0 - c))
        low_rank = ((self.sigma * c) ** 0.5 / active.norms)[:, None] * active.responses
        hessian += low_rank.T @ low_rank
        curvature = self.loss.conjugate_curvature(self.nu, self.y)
        hessian[self.diagonal, self.diagonal] += curvature
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
        ratio = self.arrays.roundoff_ratio
        rounding = 1e-15 * ratio * (abs(value) + 1.0)
        length = 1.0
        while length >= MIN_STEP * ratio:
            trials = [
                (self._evaluate(nu, gradients), nu, gradients)
                for nu, gradients in self._trials(length, step, change)
            ]
            moved, nu, gradients = min(trials, key=lambda trial: trial[0][0])
            if moved[0] <= value + SUFFICIENT_DECREASE * length * descent + rounding:
                self.nu, self.gradients = nu, gradients
                return moved
            length *= 0.5 if length > 0.1 else 0.1
        return None

    def _trials(
        self, length: float, step: Float[Array, " n"], change: Float[Array, "B d"]
    ) -> Iterator[tuple[Float[Array, " n"], Float[Array, "B d"]]]:
        """Yield dual points along a step with their gradients: the straight one, then a curved one.

        A straight step keeps what stiff blocks hold fixed, a sum of the dual point for instance;
        one that leaves the domain has an infinite value, and a curved one stays inside.
        """
        straight = self.nu + length * step
        yield straight, self.gradients + length * change
        if self.curved is not None:
            nu = self.curved.moved(self.nu, self.y, length * step)
            yield nu, self.blocks.gradients(nu)
