"""The working set of the structured solver and what is carried from one round to the next."""

from dataclasses import replace
from math import sqrt

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.backend import Backend
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.losses import NewtonLoss
from relaxgap.problems.program import Program
from relaxgap.solvers.needs import for_family
from relaxgap.solvers.newton.augmented_lagrangian import GROWTH, AugmentedLagrangian
from relaxgap.solvers.newton.pricing_oracle import NAME, ORACLES, PricingOracle

MIN_BLOCKS = 40
MIN_EXACT_PRICES = 100
FIRST_TOLERANCE = 1e-2
MAX_OUTER_STEPS = 12
FAR = 100.0
"""Largest price over beta above which regularisation falls in stages."""
STAGE = sqrt(10.0)
"""Factor from one stage to the next; the first begins that square below the largest price."""
MIN_RTOL = 1e-14
MIN_BETA = 1e-13
"""Strength below which prices of data and labels of norm 1 are rounding."""


class WorkingSet:
    """Solve over a few blocks, price all of them, exchange some; from warm start to warm start.

    Parameters
    ----------
    program : Program
        In units where ``X`` and ``y`` have norm 1.
    loss : NewtonLoss
        That of the program.
    rtol : float
        Relative duality gap to reach.
    backend : Backend
        Where the blocks are solved and priced; what is carried on is float64 NumPy.
    point : Blocks, optional
        Blocks to start from; none is zero.
    nu : (n,) float64, optional
        Dual point to start from; without one inside of the domain it is that of the blocks.
    """

    def __init__(
        self,
        program: Program,
        loss: NewtonLoss,
        rtol: float,
        backend: Backend,
        point: Blocks | None = None,
        nu: Float64[np.ndarray, " n"] | None = None,
    ) -> None:
        self.program, self.loss, self.arrays = program, loss, backend.arrays()
        # what rounding allows to aim at
        self.rtol = max(rtol, MIN_RTOL * self.arrays.roundoff_ratio)
        self.price_threshold = self.min_sigma = self.sigma = self.tolerance = 0.0
        self.oracle: PricingOracle = for_family(NAME, ORACLES, program.family)(program, self.arrays)
        point = program.zero() if point is None else point
        # a certificate's dual point may be zero, which for some losses is the edge of the domain
        usable = nu is not None and np.isfinite(loss.conjugate(nu, program.data.y))
        self.nu = nu if nu is not None and usable else program.dual_point(point)
        self.index, self.w = self.oracle.blocks(point)
        self.n_newton_steps = 0
        self._aim_at(program)

    def stages(self) -> list[float]:
        """Return strengths to pass on the way to that of the program; none if it is not far.

        The largest price is the strength at which the blocks at hand might be optimal. From far
        above, Newton steps are short and the blocks that enter are not those of the optimum.
        """
        target, betas = self.program.beta, []
        if self.largest_price > FAR * target:
            beta = self.largest_price / STAGE**2
            while beta > STAGE * target:
                betas.append(beta)
                beta /= STAGE
        return betas

    def change_beta(self, beta: float) -> None:
        """Go on to another regularisation strength from the blocks and the dual point at hand."""
        self.sigma /= GROWTH**4
        self._aim_at(replace(self.program, beta=beta))

    @property
    def is_finite(self) -> bool:
        """Whether the last iterate is one to go on from."""
        return bool(np.all(np.isfinite(self.nu)) and np.all(np.isfinite(self.w)))

    def advance(self, gap: float, settle: bool = False) -> None:
        """Solve over the working set to a fraction of the gap so far, then price every block.

        A deadline in the middle leaves the blocks at hand as they were. To ``settle`` which blocks
        are the dearest costs more than to bound their prices (`PricingOracle.bounds`).
        """
        program = self.program
        index = np.concatenate([self.index, self.entering])
        entering = np.zeros((self.entering.size, program.data.d))
        operator = self.oracle.operator(index, self.sigma)
        y, nu, w = map(
            self.arrays.asarray, (program.data.y, self.nu, np.concatenate([self.w, entering]))
        )
        lagrangian = AugmentedLagrangian(
            operator, y, self.loss, float(program.beta), nu, w, self.sigma
        )
        for _ in range(MAX_OUTER_STEPS):
            lagrangian.advance(self.tolerance)
            self.tolerance = max(0.3 * self.tolerance, 0.1 * self.rtol)
            if lagrangian.relative_gap <= max(0.3 * self.rtol, 0.1 * gap):
                break
        self.oracle.absorb(index, operator, lagrangian.sigma)
        self.nu = self.arrays.to_numpy(lagrangian.nu)
        self.n_newton_steps += lagrangian.n_newton_steps
        used = lagrangian.used
        self.index, self.w = index[used], self.arrays.to_numpy(lagrangian.w)[used]
        self._choose_entering(settle)
        # new blocks want a shorter step; without any the next round only polishes
        shorter = GROWTH**2 if self.entering.size else 1.0
        self.min_sigma = min(self.min_sigma, lagrangian.sigma)
        self.sigma = max(lagrangian.sigma / shorter, self.min_sigma)

    def _aim_at(self, program: Program) -> None:
        # the certificate is one of the program as it is
        program = replace(program, beta=max(program.beta, MIN_BETA))
        self.program = program
        self.price_threshold = program.beta * (1.0 + 0.2 * self.rtol)
        self.tolerance = FIRST_TOLERANCE
        # a threshold of length 1, the size of the blocks
        self.min_sigma = 1.0 / program.beta
        self.sigma = max(self.sigma, self.min_sigma)
        self._choose_entering()

    def _choose_entering(self, settle: bool = False) -> None:
        n_exact = max(MIN_EXACT_PRICES, self.index.size)
        bounds = self.oracle.bounds(self.nu, self.price_threshold, n_exact, settle)
        self.largest_price = float(bounds.max(initial=0.0))
        violators = np.setdiff1d(np.flatnonzero(bounds > self.price_threshold), self.index)
        largest = np.argsort(-bounds[violators], kind="stable")
        self.entering = violators[largest[: max(MIN_BLOCKS, self.index.size)]]
