r"""Prices of blocks in pattern cones: the norm of the projection of :math:`\pm X^\top D_i \nu`."""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.certificates.prices.cones import (
    best_blocks,
    bound_by_multipliers,
    bound_cone_prices,
    refine_cone_prices,
)
from relaxgap.certificates.prices.near_cones import NearCones, are_narrow
from relaxgap.certificates.prices.row_multipliers import (
    RowMultipliers,
    bound_by_row_multipliers,
)
from relaxgap.numerics.rows import unit_rows
from relaxgap.problems.fit_map import adjoint
from relaxgap.problems.program import Program


class ConePricing:
    """See `relaxgap.certificates.prices.pricing.Pricing`."""

    def bounds(
        self, program: Program, nu: Float64[np.ndarray, " n"], threshold: float, exact: bool
    ) -> BlockPrices:
        """Descend on the multipliers of all cones, then solve for those that decide."""
        X, patterns = program.data.X, program.patterns
        if are_narrow(X, patterns):
            return _near_prices(program, nu, adjoint(X, patterns, nu), threshold, exact)
        prices = _of_allowed(program, bound_cone_prices(X, patterns, nu, threshold))
        if exact:
            prices = refine_cone_prices(X, patterns, nu, prices)
        return _of_allowed(program, _with_merged_cells(program, nu, prices))

    def bounds_by_multipliers(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        multipliers: Float64[np.ndarray, "S P k"] | RowMultipliers,
    ) -> BlockPrices:
        """Take the multipliers as they are, good or bad."""
        X, patterns = program.data.X, program.patterns
        if isinstance(multipliers, RowMultipliers):
            prices = bound_by_row_multipliers(X, patterns, nu, multipliers)
        else:
            prices = bound_by_multipliers(X, patterns, nu, multipliers)
        return _of_allowed(program, _with_merged_cells(program, nu, prices))

    def largest(self, program: Program, nu: Float64[np.ndarray, " n"]) -> float:
        """Price one good block exactly, and the others only as far as they might exceed it."""
        X, patterns = program.data.X, program.patterns
        if are_narrow(X, patterns):
            gradients = adjoint(X, patterns, nu)
            least = _least_price(program, gradients)
            return _near_prices(program, nu, gradients, least, exact=True).largest
        loose = _of_allowed(program, bound_cone_prices(X, patterns, nu, 0.0, n_sweeps=1))
        reached = best_blocks(X, patterns, nu, loose, n_blocks=1, n_candidates=20)
        threshold = reached[0].price if reached else 0.0
        return self.bounds(program, nu, threshold, exact=True).largest

    def violating(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        prices: BlockPrices,
        n_blocks: int,
    ) -> Int[np.ndarray, " k"]:
        """Return the patterns of largest price in well separated directions."""
        allowed = _of_allowed(program, prices)
        blocks = best_blocks(program.data.X, program.patterns, nu, allowed, n_blocks)
        return np.array(list(dict.fromkeys(block.pattern for block in blocks)), dtype=np.int64)


def _near_prices(
    program: Program,
    nu: Float64[np.ndarray, " n"],
    gradients: Float64[np.ndarray, "P d"],
    threshold: float,
    exact: bool,
) -> BlockPrices:
    """Price by the near rows of each cone; where exact, by all rows as far as they decide."""
    X, patterns = program.data.X, program.patterns
    cones, allowed = NearCones(X, patterns), np.flatnonzero(~program.forbidden())
    is_settled = True
    if exact:
        is_settled = cones.settle(gradients, allowed, threshold)
    else:
        cones.price_all(gradients, allowed, threshold)
    found = bound_by_row_multipliers(X, patterns, nu, cones.multipliers(gradients))
    prices = BlockPrices(found.bounds, threshold)
    if not is_settled:
        prices = refine_cone_prices(X, patterns, nu, prices)
    return _of_allowed(program, _with_merged_cells(program, nu, prices))


def _least_price(program: Program, gradients: Float64[np.ndarray, "P d"]) -> float:
    """Bound the largest price from below: a gate is in the cone of its pattern."""
    gates = program.patterns.gates
    some = np.any(gates != 0.0, axis=1)
    of_gates = np.zeros(gates.shape[0])
    of_gates[some] = np.sum(unit_rows(gates) * gradients[some], axis=1)
    allowed = ~program.forbidden()
    largest = max(
        float(np.max(sign * of_gates[row], initial=0.0))
        for sign, row in zip(program.family.signs, allowed, strict=True)
    )
    return largest * (1.0 - 1e-9)


def _of_allowed(program: Program, prices: BlockPrices) -> BlockPrices:
    """Price a forbidden block, whose cone is {0}, at 0."""
    return BlockPrices(np.where(program.forbidden(), 0.0, prices.bounds), prices.threshold)


def _with_merged_cells(
    program: Program, nu: Float64[np.ndarray, " n"], prices: BlockPrices
) -> BlockPrices:
    shift = program.patterns.shift
    if not program.patterns.complete or shift is None:
        return prices
    # from a merged cell to the one it was merged into, the price changes by at most the first
    # summand, and the direction found there is this much longer than 1
    change = float(np.abs(nu) @ (np.abs(program.data.X) @ shift))
    longer = 1.0 + float(np.linalg.norm(shift))
    return BlockPrices((prices.bounds * longer + change) * (1.0 + 1e-12), prices.threshold)
