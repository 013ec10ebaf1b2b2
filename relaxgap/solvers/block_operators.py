r"""The two kinds of block penalty a dual Newton method meets: free blocks and blocks in cones.

For a dual point :math:`\nu` block ``b`` has the gradient :math:`g_b = \pm X^\top D_b \nu`. Both
kinds answer the same two questions: which blocks a soft threshold leaves nonzero, and what
curvature those blocks give the dual function.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from scipy.linalg.blas import dsyrk, dtrsm, ssyrk, strsm

from relaxgap.solvers.cone_projection import ConeProjector, Face

LONGEST_SINGLE_STEP = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class ActiveBlocks:
    """Hold the blocks whose (projected) argument is longer than the threshold.

    Parameters
    ----------
    index : (A,) int
        Which blocks they are.
    points : (A, d) float64
        Their projections, ``norms`` long.
    responses : (A, n) float64
        What each point adds to the fit before thresholding, sign included.
    faces : list of Face
        The rows each projection lies on; empty for free blocks.
    """

    index: Int[np.ndarray, " A"]
    points: Float64[np.ndarray, "A d"]
    norms: Float64[np.ndarray, " A"]
    responses: Float64[np.ndarray, "A n"]
    faces: list[Face]


@runtime_checkable
class BlockOperator(Protocol):
    """Answer for a fixed list of blocks."""

    def gradients(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "B d"]:
        """Return the gradient of every block."""
        ...

    def longer_than(self, z: Float64[np.ndarray, "B d"], level: float) -> ActiveBlocks:
        """Return the blocks of ``z`` whose projection is longer than ``level``."""
        ...

    def curvature(
        self, active: ActiveBlocks, weights: Float64[np.ndarray, " A"]
    ) -> Float64[np.ndarray, "n n"]:
        r"""Return the lower triangle of :math:`\sum_b \text{weight}_b D_b X \Pi_b X^\top D_b`.

        Over active blocks only; what is above the diagonal means nothing.
        """
        ...

    def fit(
        self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]
    ) -> Float64[np.ndarray, " n"]:
        """Return the fit of some blocks."""
        ...

    def largest_price(self, gradients: Float64[np.ndarray, "B d"], sigma: float) -> float:
        """Bound the largest dual constraint at these gradients."""
        ...

    def rescale(self, factor: float) -> None:
        """Take note that the next arguments are about ``factor`` times the last ones."""
        ...


class FreeBlocks:
    """Blocks without cones: the gated program."""

    def __init__(self, X: Float64[np.ndarray, "n d"], bits: Bool[np.ndarray, "B n"]) -> None:
        self.X, self.bits, self.gram = X, bits, X @ X.T

    def gradients(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "B d"]:
        """See `BlockOperator`."""
        return np.asarray(self.bits @ (nu[:, None] * self.X))

    def longer_than(self, z: Float64[np.ndarray, "B d"], level: float) -> ActiveBlocks:
        """See `BlockOperator`."""
        norms = np.sqrt(np.einsum("bd,bd->b", z, z))
        index = np.flatnonzero(norms > level)
        responses = self.bits[index] * (z[index] @ self.X.T)
        return ActiveBlocks(index, z[index], norms[index], responses, [])

    def curvature(
        self, active: ActiveBlocks, weights: Float64[np.ndarray, " A"]
    ) -> Float64[np.ndarray, "n n"]:
        """See `BlockOperator`."""
        return hadamard(self.gram, self.bits[active.index], weights)

    def fit(
        self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]
    ) -> Float64[np.ndarray, " n"]:
        """See `BlockOperator`."""
        return np.asarray(np.einsum("bn,bn->n", self.bits[index], w @ self.X.T))

    def largest_price(self, gradients: Float64[np.ndarray, "B d"], sigma: float) -> float:
        """See `BlockOperator`."""
        return float(np.linalg.norm(gradients, axis=1).max(initial=0.0))

    def rescale(self, factor: float) -> None:
        """Nothing is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceLoss:
    """Hold what a face takes from the curvature of its block, lower triangle only.

    Between Newton steps most faces stay, so that it is worth remembering.
    """

    face: Face
    single: bool
    lower: Float[np.ndarray, "m m"]


class ConeBlocks:
    """Blocks in pattern cones, one for each (pattern, sign): the cone-constrained program."""

    def __init__(
        self,
        X: Float64[np.ndarray, "n d"],
        bits: Bool[np.ndarray, "B n"],
        signs: Float64[np.ndarray, " B"],
        multipliers: Float64[np.ndarray, "B k"],
    ) -> None:
        self.X, self.bits, self.signs, self.gram = X, bits, signs, X @ X.T
        self.projector = ConeProjector(X, bits, multipliers)
        self.mixed_gram = X @ self.projector.rows.T
        self.mixed_gram_single = self.mixed_gram.astype(np.float32)
        self.losses: dict[int, FaceLoss] = {}

    def gradients(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "B d"]:
        """See `BlockOperator`."""
        return np.asarray(self.signs[:, None] * (self.bits @ (nu[:, None] * self.X)))

    def longer_than(self, z: Float64[np.ndarray, "B d"], level: float) -> ActiveBlocks:
        """See `BlockOperator`."""
        found = self.projector.project(z, level)
        signed = self.signs[found.index, None] * self.bits[found.index]
        responses = signed * (found.points @ self.X.T)
        return ActiveBlocks(found.index, found.points, found.norms, responses, found.faces)

    def curvature(
        self, active: ActiveBlocks, weights: Float64[np.ndarray, " A"]
    ) -> Float64[np.ndarray, "n n"]:
        """See `BlockOperator`."""
        # a row on the face has no component along it
        free = self.bits[active.index]
        for k, face in enumerate(active.faces):
            free[k, self.projector.kept[face.rows]] = False
        total = hadamard(self.gram, free, weights)
        # an error of 1e-7 in a direction that is corrected anyway, unless the step is long
        single = bool(weights.max(initial=0.0) <= LONGEST_SINGLE_STEP)
        for k, (b, face) in enumerate(zip(active.index.tolist(), active.faces, strict=True)):
            inside = np.flatnonzero(free[k])
            if face.rows.size and inside.size:
                loss = self._face_loss(b, face, inside, single)
                total[np.ix_(inside, inside)] -= weights[k] * loss.lower
        return total

    def _face_loss(
        self, b: int, face: Face, inside: Int[np.ndarray, " m"], single: bool
    ) -> FaceLoss:
        known = self.losses.get(b)
        if known is None or known.face is not face or known.single != single:
            solve, square = (strsm, ssyrk) if single else (dtrsm, dsyrk)
            gram = self.mixed_gram_single if single else self.mixed_gram
            across = gram[np.ix_(inside, face.rows)]
            solved = solve(1.0, face.factor, across, side=1, lower=1, trans_a=1)
            known = FaceLoss(face, single, square(1.0, solved, lower=0).T)
            self.losses[b] = known
        return known

    def fit(
        self, index: Int[np.ndarray, " b"], w: Float64[np.ndarray, "b d"]
    ) -> Float64[np.ndarray, " n"]:
        """See `BlockOperator`."""
        signed = self.signs[index, None] * self.bits[index]
        return np.asarray(np.einsum("bn,bn->n", signed, w @ self.X.T))

    def largest_price(self, gradients: Float64[np.ndarray, "B d"], sigma: float) -> float:
        """See `BlockOperator`."""
        index = np.arange(self.bits.shape[0])
        norms = self.projector.norm_bounds(sigma * gradients, index)
        return float(norms.max(initial=0.0)) / sigma

    def rescale(self, factor: float) -> None:
        """See `BlockOperator`."""
        self.projector.multipliers *= factor


def hadamard(
    gram: Float64[np.ndarray, "n n"],
    bits: Bool[np.ndarray, "A n"],
    weights: Float64[np.ndarray, " A"],
) -> Float64[np.ndarray, "n n"]:
    r"""Return :math:`\sum_a w_a D_a X X^\top D_a` as a Hadamard product with the Gram matrix."""
    on = bits.astype(np.float64)
    return np.asarray(gram * (on.T @ (weights[:, None] * on)))
