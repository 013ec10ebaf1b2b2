r"""What a solver for tall data reads of the rows: a few passes over them, in chunks.

With :math:`F_i = D_i X` a pass gives the fit :math:`\sum_i F_i w_i`, or all
:math:`F_i^\top \nu`, or the product of the Hessian :math:`F_S^\top C F_S` of a few blocks with a
vector, where C holds the curvatures of the loss at the rows. A pass is matrix products of a chunk
of rows, so neither time nor memory has a term in :math:`n^2`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np
from jaxtyping import Float, Float64, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.patterns.pattern_set import bits_at
from relaxgap.problems import Program
from relaxgap.problems.losses import NewtonLoss

CHUNK = 8192
"""Rows at a time: a multiple of eight, so that packed bits are cut between bytes."""
MAX_KEPT = 60_000_000
"""Bits, or entries of ``X``, that are kept as float32 between products with the same Hessian."""

FLAT = 1e-7
"""Part of the largest curvature below which float32 does not see one beside it."""

Number = TypeVar("Number", np.float32, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Hold rows with their labels and bits.

    Parameters
    ----------
    X : (n, d) float64
    y : (n,) float64
    packed : (P, ceil(n / 8)) uint8
        Bits of the patterns.
    loss : NewtonLoss
        With a bounded second derivative.
    weight : float
        How many rows of the data one of these stands for.
    """

    X: Float64[np.ndarray, "n d"]
    y: Float64[np.ndarray, " n"]
    packed: np.ndarray
    loss: NewtonLoss
    weight: float = 1.0

    @classmethod
    def of(cls, program: Program) -> "Rows":
        """Take all rows of the data."""
        data = program.data
        return cls(data.X, data.y, program.patterns.packed, cast(NewtonLoss, program.loss))

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.y.size

    def sample(self, n_rows: int, rng: np.random.Generator) -> "Rows":
        """Draw rows without replacement; all of them if there are no more."""
        if n_rows >= self.n:
            return self
        kept = np.sort(rng.choice(self.n, n_rows, replace=False))
        return replace(self.picked(kept), weight=self.n / n_rows)

    def picked(
        self, kept: Int[np.ndarray, " m"], blocks: Int[np.ndarray, " k"] | slice = slice(None)
    ) -> "Rows":
        """Return some of the rows, with the bits of some patterns."""
        old = self.packed[blocks]
        packed = np.empty((old.shape[0], (kept.size + 7) // 8), dtype=np.uint8)
        for i, bits in enumerate(old):
            # a byte at a time: all bits of all patterns are n P bytes
            packed[i] = np.packbits((bits[kept >> 3] >> (7 - (kept & 7)).astype(np.uint8)) & 1)
        return replace(self, X=self.X[kept], y=self.y[kept], packed=packed)

    def chunks(self) -> Iterator[slice]:
        """Split the rows; a deadline in force ends the pass."""
        for start in range(0, self.n, CHUNK):
            checkpoint()
            yield slice(start, min(start + CHUNK, self.n))

    def bits(
        self, blocks: Int[np.ndarray, " k"] | slice, rows: slice, dtype: type[Number]
    ) -> Float[np.ndarray, "k m"]:
        """Return the bits of some patterns at a chunk of rows, as zeros and ones."""
        return bits_at(self.packed, blocks, rows).astype(dtype)

    def fit(self, w: Float64[np.ndarray, "P d"]) -> Float64[np.ndarray, " n"]:
        r"""Return :math:`\sum_i F_i w_i`, in one pass."""
        active, out = np.flatnonzero(np.any(w != 0.0, axis=1)), np.zeros(self.n)
        for rows in self.chunks() if active.size else ():
            bits = self.bits(active, rows, np.float64)
            out[rows] = np.einsum("km,km->m", w[active] @ self.X[rows].T, bits)
        return out

    def dual_point(self, fit: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        r"""Return :math:`\nu = -\nabla \ell` at a fit."""
        return np.asarray(self.loss.dual_point(fit, self.y))

    def curvature(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return the second derivative of the loss at each row, for its dual point."""
        with np.errstate(divide="ignore", over="ignore"):
            # none is left where a sample is all but certain
            inverse = self.loss.conjugate_curvature(nu, self.y)
        return np.broadcast_to(np.asarray(1.0 / inverse), (self.n,))

    def prices(
        self, nu: Float64[np.ndarray, " n"], blocks: Int[np.ndarray, " k"] | slice
    ) -> Float64[np.ndarray, "k d"]:
        r"""Return :math:`F_i^\top \nu` times `weight` for some blocks, in one pass."""
        n_blocks = len(range(self.packed.shape[0])[blocks] if isinstance(blocks, slice) else blocks)
        out = np.zeros((n_blocks, self.X.shape[1]))
        for rows in self.chunks():
            bits = self.bits(blocks, rows, np.float64)
            bits *= nu[rows]
            out += bits @ self.X[rows]
        return self.weight * out

    def gram(
        self,
        columns: Float64[np.ndarray, "d R"],
        patterns: Int[np.ndarray, " R"],
        curvature: Float64[np.ndarray, " n"],
    ) -> Float64[np.ndarray, "R R"]:
        """Return the Hessian in the columns, each with its own pattern."""
        out = np.zeros((patterns.size, patterns.size))
        for rows in self.chunks():
            products = columns.T @ self.X[rows].T
            products *= self.bits(patterns, rows, np.float64)
            out += (products * curvature[rows]) @ products.T
        return self.weight * out

    def value(self, fit: Float64[np.ndarray, " n"]) -> float:
        """Return the loss, weighted."""
        return self.weight * self.loss.value(fit, self.y)

    def dual_value(self, nu: Float64[np.ndarray, " n"], beta: float, largest: float) -> float:
        """Return the largest dual value of a multiple of ``nu``, weighted.

        One at which ``largest``, the largest price at ``nu``, is at most ``beta``.
        """
        limit = beta / largest if largest > 0.0 else np.inf
        return self.weight * self.loss.best_scale(nu, self.y, limit)[1]


class HessianProducts:
    r"""Products with :math:`F_S^\top C F_S` for the blocks S, in float32 over all rows.

    Parameters
    ----------
    rows : Rows
    blocks : (k,) int
        S.
    curvature : (n,) float64
        The diagonal of C.
    """

    def __init__(
        self,
        rows: Rows,
        blocks: Int[np.ndarray, " k"],
        curvature: Float64[np.ndarray, " n"],
    ) -> None:
        curved = np.flatnonzero(curvature > FLAT * curvature.max(initial=0.0))
        if 2 * curved.size < rows.n:
            # a row of which the loss is all but straight takes no part
            rows, curvature = rows.picked(curved, blocks), curvature[curved]
            blocks = np.arange(blocks.size)
        self.rows, self.blocks = rows, blocks
        self.curvature = curvature.astype(np.float32)
        self._single = rows.X.astype(np.float32) if rows.X.size <= MAX_KEPT else None
        keeps = rows.n * blocks.size <= MAX_KEPT
        everything = slice(0, rows.n)
        self._kept = rows.bits(blocks, everything, np.float32) if keeps else None

    def times(self, v: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, "k d"]:
        """Return the product with the blocks ``v``, in one pass."""
        single, out = v.astype(np.float32), np.zeros_like(v)
        for rows in self.rows.chunks():
            kept = self._single
            X = self.rows.X[rows].astype(np.float32) if kept is None else kept[rows]
            if self._kept is None:
                bits = self.rows.bits(self.blocks, rows, np.float32)
            else:
                bits = self._kept[:, rows]
            fits = single @ X.T
            fit = np.einsum("km,km->m", fits, bits)
            fit *= self.curvature[rows]
            np.multiply(bits, fit, out=fits)
            out += fits @ X
        return self.rows.weight * out
