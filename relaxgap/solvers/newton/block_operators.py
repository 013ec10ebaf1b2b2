r"""The two kinds of block penalty a dual Newton method meets: free blocks and blocks in cones.

For a dual point :math:`\nu` block ``b`` has the gradient :math:`g_b = \pm X^\top D_b \nu`. Both
kinds answer the same two questions: which blocks a soft threshold leaves nonzero, and what
curvature those blocks give the dual function.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from relaxgap.numerics.backend import Array, Arrays
from relaxgap.solvers.newton.cone_projection import ConeProjector
from relaxgap.solvers.newton.cone_rows import ConeRows
from relaxgap.solvers.newton.faces import Face

MAX_SINGLE_WEIGHT = 1e4
"""Weight of a block's curvature up to which single precision is enough for its face."""


@dataclass(frozen=True, slots=True, eq=False)
class ActiveBlocks:
    """Hold the blocks that a soft threshold of their projections leaves nonzero.

    Parameters
    ----------
    index : (A,) int, NumPy
        Which blocks they are.
    points : (A, d)
        Their projections, ``norms`` long.
    responses : (A, n)
        What each point adds to the fit before thresholding, sign included.
    faces : list of Face
        The rows each projection lies on; empty for free blocks.
    """

    index: Int[np.ndarray, " A"]
    points: Float[Array, "A d"]
    norms: Float[Array, " A"]
    responses: Float[Array, "A n"]
    faces: list[Face]


@runtime_checkable
class BlockOperator(Protocol):
    """Answer for a fixed list of blocks, with arrays of the backend."""

    arrays: Arrays

    def gradients(self, nu: Float[Array, " n"]) -> Float[Array, "B d"]:
        """Return the gradient of every block."""
        ...

    def active(self, z: Float[Array, "B d"], threshold: float) -> ActiveBlocks:
        """Return the blocks of ``z`` whose projection is longer than the threshold."""
        ...

    def curvature(self, active: ActiveBlocks, weights: Float[Array, " A"]) -> Float[Array, "n n"]:
        r"""Return the lower triangle of :math:`\sum_b \text{weight}_b D_b X \Pi_b X^\top D_b`.

        Over active blocks only; what is above the diagonal means nothing.
        """
        ...

    def fit(self, index: Int[np.ndarray, " b"], w: Float[Array, "b d"]) -> Float[Array, " n"]:
        """Return the fit of some blocks."""
        ...

    def largest_price(self, gradients: Float[Array, "B d"], sigma: float) -> float:
        """Bound the largest dual constraint at these gradients."""
        ...

    def rescale(self, factor: float) -> None:
        """Take note that the next arguments are about ``factor`` times the last ones."""
        ...

    def multipliers(self) -> Float[Array, "B k"] | None:
        """Return the cone multipliers of the last projections; none without cones."""
        ...


class FreeOperator:
    """Blocks without cones: the gated program."""

    def __init__(
        self,
        arrays: Arrays,
        X: Float[Array, "n d"],
        gram: Float[Array, "n n"],
        bits: Bool[np.ndarray, "B n"],
    ) -> None:
        self.arrays, self.X, self.gram = arrays, X, gram
        self.bits = arrays.xp.astype(arrays.asarray(bits), arrays.dtype)

    def gradients(self, nu: Float[Array, " n"]) -> Float[Array, "B d"]:
        """See `BlockOperator`."""
        return self.bits @ (nu[:, None] * self.X)

    def active(self, z: Float[Array, "B d"], threshold: float) -> ActiveBlocks:
        """See `BlockOperator`."""
        norms = self.arrays.norms(z)
        index = np.flatnonzero(self.arrays.to_numpy(norms) > threshold)
        at = self.arrays.asarray(index)
        points = z[at]
        responses = self.bits[at] * (points @ self.X.T)
        return ActiveBlocks(index, points, norms[at], responses, [])

    def curvature(self, active: ActiveBlocks, weights: Float[Array, " A"]) -> Float[Array, "n n"]:
        """See `BlockOperator`."""
        return hadamard(self.gram, self.bits[self.arrays.asarray(active.index)], weights)

    def fit(self, index: Int[np.ndarray, " b"], w: Float[Array, "b d"]) -> Float[Array, " n"]:
        """See `BlockOperator`."""
        bits = self.bits[self.arrays.asarray(index)]
        return self.arrays.xp.sum(bits * (w @ self.X.T), axis=0)

    def largest_price(self, gradients: Float[Array, "B d"], sigma: float) -> float:
        """See `BlockOperator`."""
        return float(self.arrays.to_numpy(self.arrays.norms(gradients)).max(initial=0.0))

    def rescale(self, factor: float) -> None:
        """Nothing is remembered."""

    def multipliers(self) -> Float[Array, "B k"] | None:
        """There are no cones."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class FaceLoss:
    """Hold what a face takes from the curvature of its block, lower triangle only.

    Between Newton steps most faces stay, so that it is worth remembering.
    """

    face: Face
    single: bool
    lower: Float[Array, "m m"]


class ConeOperator:
    """Blocks in pattern cones, one for each (pattern, sign): the cone-constrained program."""

    def __init__(
        self,
        rows: ConeRows,
        bits: Bool[np.ndarray, "B n"],
        signs: Float[np.ndarray, " B"],
        multipliers: Float[Array, "B k"],
    ) -> None:
        self.arrays, self.rows, self.bits = rows.arrays, rows, bits
        self.projector = ConeProjector(rows, bits, multipliers)
        self.signed = self.arrays.asarray(signs[:, None] * bits)
        self.losses: dict[int, FaceLoss] = {}

    def gradients(self, nu: Float[Array, " n"]) -> Float[Array, "B d"]:
        """See `BlockOperator`."""
        return self.signed @ (nu[:, None] * self.rows.X)

    def active(self, z: Float[Array, "B d"], threshold: float) -> ActiveBlocks:
        """See `BlockOperator`."""
        found = self.projector.project(z, threshold)
        signed = self.signed[self.arrays.asarray(found.index)]
        responses = signed * (found.points @ self.rows.X.T)
        return ActiveBlocks(found.index, found.points, found.norms, responses, found.faces)

    def curvature(self, active: ActiveBlocks, weights: Float[Array, " A"]) -> Float[Array, "n n"]:
        """See `BlockOperator`."""
        arrays = self.arrays
        # a row on the face has no component along it
        free = self.bits[active.index]
        for k, face in enumerate(active.faces):
            free[k, self.rows.kept[face.rows]] = False
        on = arrays.xp.astype(arrays.asarray(free), arrays.dtype)
        total = hadamard(self.rows.data_gram, on, weights)
        # an error of 1e-7 in a direction that is corrected anyway, unless the step is long
        longest = arrays.to_numpy(weights).max(initial=0.0)
        single = arrays.roundoff_ratio > 1.0 or bool(longest <= MAX_SINGLE_WEIGHT)
        for k, (b, face) in enumerate(zip(active.index.tolist(), active.faces, strict=True)):
            inside = np.flatnonzero(free[k])
            if face.rows.size and inside.size:
                at = arrays.asarray(inside)
                lower = self._face_loss(b, face, at, single).lower
                total[at[:, None], at] -= weights[k] * lower
        return total

    def _face_loss(self, b: int, face: Face, inside: Int[Array, " m"], single: bool) -> FaceLoss:
        # a ridge is so small that it would magnify rounding to single precision
        single = single and face.singular is None
        known = self.losses.get(b)
        if known is None or known.face is not face or known.single != single:
            arrays, take = self.arrays, self.arrays.xp.take
            gram = self.rows.mixed_gram_single if single else self.rows.mixed_gram
            across = take(take(gram, inside, axis=0), arrays.asarray(face.rows), axis=1)
            solved = arrays.solve_from_right(face.factor, across)
            known = FaceLoss(face, single, arrays.square(solved))
            self.losses[b] = known
        return known

    def fit(self, index: Int[np.ndarray, " b"], w: Float[Array, "b d"]) -> Float[Array, " n"]:
        """See `BlockOperator`."""
        signed = self.signed[self.arrays.asarray(index)]
        return self.arrays.xp.sum(signed * (w @ self.rows.X.T), axis=0)

    def largest_price(self, gradients: Float[Array, "B d"], sigma: float) -> float:
        """See `BlockOperator`."""
        index = np.arange(self.bits.shape[0])
        norms = self.projector.norm_bounds(sigma * gradients, index)
        return float(norms.max(initial=0.0)) / sigma

    def rescale(self, factor: float) -> None:
        """See `BlockOperator`."""
        self.projector.multipliers *= factor

    def multipliers(self) -> Float[Array, "B k"] | None:
        """See `BlockOperator`."""
        return self.projector.multipliers


def hadamard(
    gram: Float[Array, "n n"], bits: Float[Array, "A n"], weights: Float[Array, " A"]
) -> Float[Array, "n n"]:
    r"""Return :math:`\sum_a w_a D_a X X^\top D_a` as a Hadamard product with the Gram matrix."""
    return gram * (bits.T @ (weights[:, None] * bits))
