r"""The dual constraint of every block of a program, and what it says about patterns.

A *price* is the left side of a dual constraint, :math:`\|\mathrm{Proj}_{K_b}(A_b^\top \nu)\|`:
:math:`\|X^\top D_i \nu\|` for a free block, 0 for a forbidden one, whose cone is {0}.

A family of blocks gets prices by one class like `FreePricing` and one line in `PRICING`.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.block_prices import BlockPrices
from relaxgap.certificates.prices.cone_pricing import ConePricing
from relaxgap.certificates.prices.free import FreePricing
from relaxgap.certificates.prices.row_multipliers import RowMultipliers
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.limits import rows_at_once
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.families import ConeBlocks, FreeBlocks
from relaxgap.problems.fit_map import chunks
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.program import Program, ProgramMaker, relu_program


@runtime_checkable
class Pricing(Protocol):
    """Price the blocks of one family; every bound holds, rounding included."""

    def bounds(
        self, program: Program, nu: Float64[np.ndarray, " n"], threshold: float, exact: bool
    ) -> BlockPrices:
        """See `block_prices`."""
        ...

    def bounds_by_multipliers(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        multipliers: Float64[np.ndarray, "S P k"] | RowMultipliers,
    ) -> BlockPrices:
        """See `prices_by_multipliers`."""
        ...

    def largest(self, program: Program, nu: Float64[np.ndarray, " n"]) -> float:
        """Return the largest price, accurate to rounding and rounded up."""
        ...

    def violating(
        self,
        program: Program,
        nu: Float64[np.ndarray, " n"],
        prices: BlockPrices,
        n_blocks: int,
    ) -> Int[np.ndarray, " k"]:
        """See `violating_patterns`."""
        ...


PRICING: Mapping[str, Pricing] = {
    FreeBlocks.name: FreePricing(),
    ConeBlocks.name: ConePricing(),
}
"""Prices by the name of the family."""


def block_prices(
    program: Program,
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    exact: bool = True,
) -> BlockPrices:
    """Bound the dual constraint of every block from above.

    Parameters
    ----------
    program : Program
        Its ``beta`` and its loss are not used.
    nu : (n,) float64
        Dual point.
    threshold : float
        Bounds at or below it need not be tight.
    exact : bool
        Whether bounds above the threshold that decide the maximum are made tight.
    """
    return PRICING[program.family.name].bounds(program, nu, threshold, exact)


def prices_by_multipliers(
    program: Program,
    nu: Float64[np.ndarray, " n"],
    multipliers: Float64[np.ndarray, "S P k"] | RowMultipliers,
) -> BlockPrices:
    """Bound the dual constraint of every block by given cone multipliers, good or bad."""
    return PRICING[program.family.name].bounds_by_multipliers(program, nu, multipliers)


def beta_max(
    data: Dataset,
    patterns: PatternSet,
    program: ProgramMaker = relu_program,
    loss: Loss = SQUARED,
) -> float:
    r"""Return the critical regularisation: zero is optimal iff ``beta >= beta_max``.

    It is the largest price at the dual point of a zero fit, which is ``y`` for the squared and the
    hinge loss and ``y / 2`` for the logistic one:
    :math:`\max_i \|X^\top D_i y\|` for the gated and :math:`\max_{i, \pm}
    \|\mathrm{Proj}_{K_i}(\pm X^\top D_i y)\|` for the cone-constrained program.

    Notes
    -----
    Cost: one pricing of all patterns. Accurate to rounding, and rounded up.
    """
    problem = program(data, patterns, 1.0, loss=loss)
    nu = problem.loss.dual_point(np.zeros_like(data.y), data.y)
    return PRICING[problem.family.name].largest(problem, nu)


def price_of_gates(data: Dataset, patterns: PatternSet, loss: Loss = SQUARED) -> float:
    r"""Return a lower bound of `beta_max` for one product with the data.

    A gate lies in the cone of its pattern: of unit length, its own price
    :math:`|\nu^\top (X g_i)_+|` at the dual point of a zero fit is at most that of the pattern, in
    either program.
    """
    lengths = row_lengths(patterns.gates)
    nu, found = loss.dual_point(np.zeros_like(data.y), data.y), 0.0
    for chunk in chunks(patterns.n_patterns, rows_at_once(data.n)):
        prices = np.maximum(patterns.gates[chunk] @ data.X.T, 0.0) @ nu
        some = lengths[chunk] > 0.0
        found = max(found, float((np.abs(prices[some]) / lengths[chunk][some]).max(initial=0.0)))
    return found


def violating_patterns(
    program: Program,
    nu: Float64[np.ndarray, " n"],
    prices: BlockPrices,
    n_blocks: int,
) -> Int[np.ndarray, " k"]:
    """Return up to ``n_blocks`` patterns of largest price above the threshold of ``prices``."""
    return PRICING[program.family.name].violating(program, nu, prices, n_blocks)
