r"""The dual constraint of every block of either program, and what it says about patterns.

A *price* is the left side of a dual constraint: :math:`\|X^\top D_i \nu\|` in the gated program,
:math:`\|\mathrm{Proj}_{K_i}(\pm X^\top D_i \nu)\|` in the cone-constrained one, and 0 for a block
that the program does not allow, whose cone is {0}.
"""

from functools import singledispatch

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.cones import (
    ConePrices,
    best_blocks,
    bound_by_multipliers,
    bound_cone_prices,
    magnitude,
    refine_cone_prices,
    rounding_bound,
)
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.hyperplanes import TOLERANCE
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.fit_map import adjoint
from relaxgap.problems.gated import GatedReLUProgram
from relaxgap.problems.relu import ConvexReLUProgram

MERGED_CELLS = 32.0 * TOLERANCE


@singledispatch
def block_prices(
    program: ConvexReLUProgram | GatedReLUProgram,
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    exact: bool = True,
) -> ConePrices:
    """Bound the dual constraint of every block from above.

    Parameters
    ----------
    program : ConvexReLUProgram or GatedReLUProgram
        Its ``beta`` is not used.
    nu : (n,) float64
        Dual point.
    threshold : float
        Bounds at or below it need not be tight.
    exact : bool
        Whether bounds above the threshold that decide the maximum are made tight.
    """
    raise TypeError(f"Expected a program, got {type(program).__name__}.")


@block_prices.register
def _(
    program: ConvexReLUProgram,
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    exact: bool = True,
) -> ConePrices:
    X, patterns = program.data.X, program.patterns
    prices = _of_allowed(program, bound_cone_prices(X, patterns, nu, threshold))
    if exact:
        prices = refine_cone_prices(X, patterns, nu, prices)
    return _of_allowed(program, _with_merged_cells(program, nu, prices))


def prices_by_multipliers(
    program: ConvexReLUProgram,
    nu: Float64[np.ndarray, " n"],
    multipliers: Float64[np.ndarray, "2 P k"],
) -> ConePrices:
    """Bound the dual constraint of every block by given cone multipliers, good or bad."""
    prices = bound_by_multipliers(program.data.X, program.patterns, nu, multipliers)
    return _of_allowed(program, _with_merged_cells(program, nu, prices))


def _of_allowed(program: ConvexReLUProgram, prices: ConePrices) -> ConePrices:
    if program.allowed is None:
        return prices
    return ConePrices(np.where(program.allowed, prices.bounds, 0.0), prices.threshold)


def _with_merged_cells(
    program: ConvexReLUProgram, nu: Float64[np.ndarray, " n"], prices: ConePrices
) -> ConePrices:
    if not program.patterns.complete:
        return prices
    # a cell the enumeration merged is that close to one it kept, and the price is Lipschitz in
    # the direction with this constant
    X = program.data.X
    slack = MERGED_CELLS * float(np.abs(nu) @ row_lengths(X))
    return ConePrices(prices.bounds + slack, prices.threshold)


@block_prices.register
def _(
    program: GatedReLUProgram,
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    exact: bool = True,
) -> ConePrices:
    X = program.data.X
    norms = np.linalg.norm(adjoint(X, program.patterns, nu), axis=1)
    bounds = norms + rounding_bound(X.shape[0] + 8, X.shape[1], magnitude(X, nu))
    return ConePrices(np.stack([bounds, bounds]), threshold)


def beta_max(
    data: Dataset,
    patterns: PatternSet,
    program: type[ConvexReLUProgram] | type[GatedReLUProgram] = ConvexReLUProgram,
) -> float:
    r"""Return the critical regularisation: zero is optimal iff ``beta >= beta_max``.

    It is :math:`\max_i \|X^\top D_i y\|` for the gated and :math:`\max_{i, \pm}
    \|\mathrm{Proj}_{K_i}(\pm X^\top D_i y)\|` for the cone-constrained program.

    Notes
    -----
    Cost: one pricing of all patterns. Accurate to rounding, and rounded up.
    """
    if program is GatedReLUProgram:
        return block_prices(GatedReLUProgram(data, patterns, 1.0), data.y, 0.0).largest
    loose = bound_cone_prices(data.X, patterns, data.y, 0.0, n_sweeps=1)
    reached = best_blocks(data.X, patterns, data.y, loose, n_blocks=1, n_candidates=20)
    threshold = reached[0].price if reached else 0.0
    return block_prices(ConvexReLUProgram(data, patterns, 1.0), data.y, threshold).largest


@singledispatch
def violating_patterns(
    program: ConvexReLUProgram | GatedReLUProgram,
    nu: Float64[np.ndarray, " n"],
    prices: ConePrices,
    n_blocks: int,
) -> Int[np.ndarray, " k"]:
    """Return up to ``n_blocks`` patterns of largest price above the threshold of ``prices``."""
    raise TypeError(f"Expected a program, got {type(program).__name__}.")


@violating_patterns.register
def _(
    program: ConvexReLUProgram,
    nu: Float64[np.ndarray, " n"],
    prices: ConePrices,
    n_blocks: int,
) -> Int[np.ndarray, " k"]:
    allowed = _of_allowed(program, prices)
    blocks = best_blocks(program.data.X, program.patterns, nu, allowed, n_blocks)
    return np.array(list(dict.fromkeys(block.pattern for block in blocks)), dtype=np.int64)


@violating_patterns.register
def _(
    program: GatedReLUProgram,
    nu: Float64[np.ndarray, " n"],
    prices: ConePrices,
    n_blocks: int,
) -> Int[np.ndarray, " k"]:
    order = np.argsort(-prices.bounds[0], kind="stable")[:n_blocks]
    return np.asarray(order[prices.bounds[0, order] > prices.threshold])
