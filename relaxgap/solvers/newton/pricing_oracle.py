"""The pricing oracle: all blocks of a program, from which a small working set is drawn.

``X`` and ``y`` are in units where they have norm 1. Blocks are numbered pattern by pattern, for the
cone-constrained program first all of sign +1, then all of sign -1.
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from relaxgap.numerics.backend import Array, Arrays
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.families import ConeBlocks, FreeBlocks
from relaxgap.problems.fit_map import PATTERNS_AT_ONCE, chunks
from relaxgap.problems.program import Program
from relaxgap.solvers.newton.block_operators import BlockOperator, ConeOperator, FreeOperator
from relaxgap.solvers.newton.cone_projection import COLD_STEPS, ConeProjector
from relaxgap.solvers.newton.cone_rows import ConeRows

WARM_STEPS = 40
NAME = "semismooth_newton"
"""Of the solver whose oracles these are."""


@runtime_checkable
class PricingOracle(Protocol):
    """Price every block of a program and hand out operators for some of them.

    Points, dual points and indices are NumPy; the arrays behind them are the backend's.
    """

    def bounds(
        self, nu: Float64[np.ndarray, " n"], threshold: float, n_exact: int, settle: bool = False
    ) -> Float64[np.ndarray, " B"]:
        """Bound the dual constraint of every block from above.

        Bounds over the threshold are tightened, the ``n_exact`` largest of them until exact; to
        ``settle`` goes on, where rows are almost parallel, until those then the largest are exact.
        """
        ...

    def operator(self, index: Int[np.ndarray, " b"], sigma: float) -> BlockOperator:
        """Return the operator of some blocks, warm for arguments ``sigma`` times a gradient."""
        ...

    def absorb(self, index: Int[np.ndarray, " b"], operator: BlockOperator, sigma: float) -> None:
        """Take back what an operator learned about its blocks."""
        ...

    def point(self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]) -> Blocks:
        """Return the point of the program that has these blocks and no others."""
        ...

    def blocks(self, point: Blocks) -> tuple[Int[np.ndarray, " b"], Float64[np.ndarray, "b d"]]:
        """Return which blocks of a point are nonzero and allowed, and these."""
        ...

    def multipliers(self) -> Float64[np.ndarray, "2 P k"] | None:
        """Return the cone multipliers of the unit rows at the last priced dual point."""
        ...


class FreeOracle:
    """The blocks of a gated program."""

    keeps_multipliers: ClassVar[bool] = False

    def __init__(self, program: Program, arrays: Arrays) -> None:
        self.arrays, self.patterns = arrays, program.patterns
        self.shape = (program.patterns.n_patterns, program.data.d)
        self.X = arrays.asarray(program.data.X)
        self.gram = arrays.asarray(program.data.X @ program.data.X.T)
        self.bits = arrays.asarray(program.patterns.patterns)

    def bounds(
        self, nu: Float64[np.ndarray, " n"], threshold: float, n_exact: int, settle: bool = False
    ) -> Float64[np.ndarray, " B"]:
        """See `PricingOracle`."""
        gradients = _adjoint(self.arrays, self.X, self.bits, nu)
        return self.arrays.to_numpy(self.arrays.norms(gradients))

    def operator(self, index: Int[np.ndarray, " b"], sigma: float) -> BlockOperator:
        """See `PricingOracle`."""
        return FreeOperator(self.arrays, self.X, self.gram, self.patterns.unpack(index))

    def absorb(self, index: Int[np.ndarray, " b"], operator: BlockOperator, sigma: float) -> None:
        """There is nothing to learn."""

    def point(self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]) -> Blocks:
        """See `PricingOracle`."""
        full = np.zeros(self.shape)
        full[index] = w
        return Blocks(full[None])

    def blocks(self, point: Blocks) -> tuple[Int[np.ndarray, " b"], Float64[np.ndarray, "b d"]]:
        """See `PricingOracle`."""
        return _nonzero(point.w[0])

    def multipliers(self) -> Float64[np.ndarray, "2 P k"] | None:
        """See `PricingOracle`."""
        return None


class ConeOracle:
    """The blocks of a cone-constrained program, two for each pattern."""

    keeps_multipliers: ClassVar[bool] = True

    def __init__(self, program: Program, arrays: Arrays) -> None:
        self.arrays, self.program, self.patterns = arrays, program, program.patterns
        n_patterns, bits = program.patterns.n_patterns, program.patterns.patterns
        self.shape = (2 * n_patterns, program.data.d)
        self.signs = np.repeat([1.0, -1.0], n_patterns)
        self.rows = ConeRows.of(program.data.X, arrays)
        self.bits = arrays.asarray(bits)
        self.projector = ConeProjector(self.rows, np.concatenate([bits, bits]))
        self.forbidden = np.flatnonzero(program.forbidden())
        self.cold = True

    def bounds(
        self, nu: Float64[np.ndarray, " n"], threshold: float, n_exact: int, settle: bool = False
    ) -> Float64[np.ndarray, " B"]:
        """See `PricingOracle`."""
        arrays = self.arrays
        gradients = _adjoint(arrays, self.rows.X, self.bits, nu)
        gradients = arrays.xp.concat([gradients, -gradients])
        if self.forbidden.size:
            # their cone is {0}: no dual point violates their constraint
            gradients[arrays.asarray(self.forbidden)] = 0.0
        index = np.arange(self.shape[0])
        found = self.projector.rescale(gradients)
        over = index[found > threshold]
        far = gradients[arrays.asarray(over)]
        self.projector.descend(far, over, COLD_STEPS if self.cold else WARM_STEPS)
        self.cold = False
        found[over] = self.projector.norm_bounds(far, over)
        over = over[found[over] > threshold]
        exact = np.zeros(0)
        while over.size:
            order = over[np.argsort(-found[over])]
            largest, over = order[:n_exact], order[n_exact:]
            far = gradients[arrays.asarray(largest)]
            self.projector.pivot(far, largest, threshold)
            found[largest] = self.projector.norm_bounds(far, largest)
            if not (settle and self.rows.almost_parallel):
                break
            exact = np.sort(np.append(exact, found[largest]))[-n_exact:]
            # not among the largest, whatever they are exactly
            over = over[found[over] > (exact[0] if exact.size == n_exact else threshold)]
        return found

    def operator(self, index: Int[np.ndarray, " b"], sigma: float) -> BlockOperator:
        """See `PricingOracle`."""
        bits = self.patterns.unpack(index % self.patterns.n_patterns)
        warm = sigma * self.projector.multipliers[self.arrays.asarray(index)]
        return ConeOperator(self.rows, bits, self.signs[index], warm)

    def absorb(self, index: Int[np.ndarray, " b"], operator: BlockOperator, sigma: float) -> None:
        """See `PricingOracle`."""
        multipliers = operator.multipliers()
        if multipliers is not None:
            self.projector.multipliers[self.arrays.asarray(index)] = multipliers / sigma

    def point(self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]) -> Blocks:
        """See `PricingOracle`."""
        full = np.zeros(self.shape)
        full[index] = w
        return Blocks(np.stack(np.split(full, 2)))

    def blocks(self, point: Blocks) -> tuple[Int[np.ndarray, " b"], Float64[np.ndarray, "b d"]]:
        """See `PricingOracle`."""
        return _nonzero(np.concatenate(list(self.program.without_forbidden(point).w)))

    def multipliers(self) -> Float64[np.ndarray, "2 P k"] | None:
        """See `PricingOracle`."""
        return np.stack(np.split(self.arrays.to_numpy(self.projector.multipliers), 2))


ORACLES: Mapping[str, type[FreeOracle] | type[ConeOracle]] = {
    FreeBlocks.name: FreeOracle,
    ConeBlocks.name: ConeOracle,
}
"""The families that the solver knows."""


def _adjoint(
    arrays: Arrays,
    X: Float[Array, "n d"],
    bits: Bool[Array, "P n"],
    nu: Float64[np.ndarray, " n"],
) -> Float[Array, "P d"]:
    r"""Return :math:`X^\top D_i \nu` for every pattern, with the temporaries of one chunk."""
    weighted = arrays.asarray(nu)[:, None] * X
    parts = [
        arrays.xp.astype(bits[rows], arrays.dtype) @ weighted
        for rows in chunks(bits.shape[0], PATTERNS_AT_ONCE)
    ]
    return arrays.xp.concat(parts) if parts else weighted[:0]


def _nonzero(
    blocks: Float64[np.ndarray, "B d"],
) -> tuple[Int[np.ndarray, " b"], Float64[np.ndarray, "b d"]]:
    index = np.flatnonzero(np.any(blocks != 0.0, axis=1))
    return index, blocks[index]
