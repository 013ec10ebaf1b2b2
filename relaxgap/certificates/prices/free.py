r"""Prices of free blocks: the norm of :math:`X^\top D_i \nu` is the dual constraint itself."""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.certificates.prices.row_multipliers import RowMultipliers
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.problems.fit_map import adjoint
from relaxgap.problems.program import Program


class FreePricing:
    """See `relaxgap.certificates.prices.pricing.Pricing`."""

    def bounds(
        self, program: Program, nu: Float64[np.ndarray, " n"], threshold: float, exact: bool
    ) -> BlockPrices:
        """Return the norms, which are exact up to their rounding."""
        X = program.data.X
        norms = np.linalg.norm(adjoint(X, program.patterns, nu), axis=1)
        bounds = norms + rounding_bound(X.shape[0] + 8, X.shape[1], magnitude(X, nu))
        return BlockPrices(bounds[None], threshold)

    def bounds_by_multipliers(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        multipliers: Float64[np.ndarray, "S P k"] | RowMultipliers,
    ) -> BlockPrices:
        """Return the norms: there are no cones that multipliers could speak of."""
        return self.bounds(program, nu, 0.0, exact=True)

    def largest(self, program: Program, nu: Float64[np.ndarray, " n"]) -> float:
        """Return the largest price."""
        return self.bounds(program, nu, 0.0, exact=True).largest

    def violating(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        prices: BlockPrices,
        n_blocks: int,
    ) -> Int[np.ndarray, " k"]:
        """Return the patterns of largest price."""
        order = np.argsort(-prices.bounds[0], kind="stable")[:n_blocks]
        return np.asarray(order[prices.bounds[0, order] > prices.threshold])
