r"""What a solver for tall data reads of the rows: a few passes over them, in chunks.

With :math:`F_i = D_i X` a pass gives the dual point :math:`\nu = y - \sum_i F_i w_i`, or all
:math:`F_i^\top \nu`, or the product of the Hessian :math:`F_S^\top F_S` of a few blocks with a
vector. A pass is matrix products of a chunk of rows, so neither time nor memory has a term in
:math:`n^2`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.patterns.pattern_set import PatternSet, bits_at

CHUNK = 8192
"""Rows at a time: a multiple of eight, so that packed bits are cut between bytes."""
MAX_UNPACKED = 60_000_000
"""Bits that are kept as float32 between products with the Hessian of the same blocks."""

Number = TypeVar("Number", np.float32, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Hold rows with their labels and bits.

    Parameters
    ----------
    X : (n, d) float64
    single : (n, d) float32
        The same rows, for products whose rounding is corrected later.
    y : (n,) float64
    packed : (P, ceil(n / 8)) uint8
        Bits of the patterns.
    weight : float
        How many rows of the data one of these stands for.
    """

    X: Float64[np.ndarray, "n d"]
    single: Float32[np.ndarray, "n d"]
    y: Float64[np.ndarray, " n"]
    packed: np.ndarray
    weight: float = 1.0

    @classmethod
    def of(
        cls, X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"], p: PatternSet
    ) -> "Rows":
        """Take all rows of the data."""
        return cls(X, X.astype(np.float32), y, p.packed)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.y.size

    def sample(self, n_rows: int, rng: np.random.Generator) -> "Rows":
        """Draw rows without replacement; all of them if there are no more."""
        if n_rows >= self.n:
            return self
        kept = np.sort(rng.choice(self.n, n_rows, replace=False))
        packed = np.empty((self.packed.shape[0], (n_rows + 7) // 8), dtype=np.uint8)
        for i, bits in enumerate(self.packed):
            # a byte at a time: all bits of all patterns are n P bytes
            packed[i] = np.packbits((bits[kept >> 3] >> (7 - (kept & 7)).astype(np.uint8)) & 1)
        X = self.X[kept]
        return Rows(X, X.astype(np.float32), self.y[kept], packed, self.n / n_rows)

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

    def residual(self, w: Float64[np.ndarray, "P d"]) -> Float64[np.ndarray, " n"]:
        r"""Return :math:`\nu`, in one pass."""
        active, out = np.flatnonzero(np.any(w != 0.0, axis=1)), self.y.copy()
        for rows in self.chunks() if active.size else ():
            bits = self.bits(active, rows, np.float64)
            out[rows] -= np.einsum("km,km->m", w[active] @ self.X[rows].T, bits)
        return out

    def prices(
        self, residual: Float64[np.ndarray, " n"], blocks: Int[np.ndarray, " k"] | slice
    ) -> Float64[np.ndarray, "k d"]:
        r"""Return :math:`F_i^\top \nu` times `weight` for some blocks, in one pass."""
        n_blocks = len(range(self.packed.shape[0])[blocks] if isinstance(blocks, slice) else blocks)
        out = np.zeros((n_blocks, self.X.shape[1]))
        for rows in self.chunks():
            bits = self.bits(blocks, rows, np.float64)
            bits *= residual[rows]
            out += bits @ self.X[rows]
        return self.weight * out

    def objective(self, residual: Float64[np.ndarray, " n"], penalty: float) -> float:
        """Return half of the squared residual, weighted, plus the penalty."""
        return 0.5 * self.weight * float(residual @ residual) + penalty


class HessianProducts:
    r"""Products with :math:`F_S^\top F_S` for the blocks S, in float32 over all rows.

    Parameters
    ----------
    rows : Rows
    blocks : (k,) int
        S.
    """

    def __init__(self, rows: Rows, blocks: Int[np.ndarray, " k"]) -> None:
        self.rows, self.blocks = rows, blocks
        keeps = rows.n * blocks.size <= MAX_UNPACKED
        everything = slice(0, rows.n)
        self._kept = rows.bits(blocks, everything, np.float32) if keeps else None

    def times(self, v: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, "k d"]:
        """Return the product with the blocks ``v``, in one pass."""
        single, out = v.astype(np.float32), np.zeros_like(v)
        for rows in self.rows.chunks():
            X = self.rows.single[rows]
            if self._kept is None:
                bits = self.rows.bits(self.blocks, rows, np.float32)
            else:
                bits = self._kept[:, rows]
            fits = single @ X.T
            fit = np.einsum("km,km->m", fits, bits)
            np.multiply(bits, fit, out=fits)
            out += fits @ X
        return self.rows.weight * out
