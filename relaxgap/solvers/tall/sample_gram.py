r"""The Gram matrix of the blocks of a working set, from a sample of the rows.

.. math:: G_{ij} = \sum_{k \in \text{sample}} c_k\, \delta_{ik} \delta_{jk} x_k x_k^\top

is one matrix product of the joint bits of pairs of patterns with the products of pairs of columns:
half the arithmetic of :math:`F^\top F`, whose upper blocks and lower entries are not needed.
"""

import numpy as np
from jaxtyping import Float, Float32, Int

from relaxgap.numerics.clock import checkpoint
from relaxgap.solvers.tall.curved_sample import CurvedSample

CHUNK_ENTRIES = 1 << 22
"""Joint bits at a time."""


class SampleGram:
    """Hold the blocks of a working set in the order in which they joined, and their Gram matrix.

    Parameters
    ----------
    sample : CurvedSample
    """

    def __init__(self, sample: CurvedSample) -> None:
        rows, curvature = sample.rows, sample.counts * sample.curvature
        self.rows, self.single = rows, rows.X.astype(np.float32)
        # of about 1, whatever the unit of the loss
        self.unit = float(curvature.max(initial=0.0))
        self.weights = (curvature / self.unit if self.unit > 0.0 else curvature).astype(np.float32)
        self.blocks: Int[np.ndarray, " k"] = np.empty(0, dtype=np.intp)
        d = rows.X.shape[1]
        self._pairs = np.triu_indices(d)
        self._gram: Float32[np.ndarray, "k d k d"] = np.zeros((0, d, 0, d), dtype=np.float32)

    @property
    def matrix(self) -> Float32[np.ndarray, "m m"]:
        """The Gram matrix, block after block."""
        k, d = self._gram.shape[:2]
        return self._gram.reshape(k * d, k * d)

    def among(self, places: Int[np.ndarray, " s"]) -> Float32[np.ndarray, "m m"]:
        """Return a copy of the Gram matrix of some of the blocks, by their places."""
        k, d = places.size, self._gram.shape[1]
        out = np.empty((k, d, k, d), dtype=np.float32)
        for row, place in enumerate(places):
            # a block row at a time: one index array on both axes takes ten times as long
            np.take(self._gram[place], places, axis=1, out=out[row])
        return out.reshape(k * d, k * d)

    def add(self, blocks: Int[np.ndarray, " k"]) -> None:
        """Let blocks join."""
        if blocks.size == 0:
            return
        old, d = self.blocks.size, self._gram.shape[1]
        together = np.concatenate([self.blocks, blocks])
        new = together.size
        second = np.concatenate([np.full(j + 1, j) for j in range(old, new)])
        first = np.concatenate([np.arange(j + 1) for j in range(old, new)])
        sums = self._sums(together, first, second)
        gram = np.empty((new, d, new, d), dtype=np.float32)
        gram[:old, :, :old] = self._gram
        blocks_of_pairs = np.empty((first.size, d, d), dtype=np.float32)
        blocks_of_pairs[:, self._pairs[0], self._pairs[1]] = sums
        blocks_of_pairs[:, self._pairs[1], self._pairs[0]] = sums
        gram[first, :, second] = blocks_of_pairs
        gram[second, :, first] = blocks_of_pairs
        self.blocks, self._gram = together, gram

    def _sums(
        self,
        blocks: Int[np.ndarray, " k"],
        first: Int[np.ndarray, " p"],
        second: Int[np.ndarray, " p"],
    ) -> Float[np.ndarray, "p q"]:
        rows, n = self.rows, self.rows.n
        sums = np.zeros((first.size, self._pairs[0].size), dtype=np.float32)
        size = max(8, CHUNK_ENTRIES // first.size // 8 * 8)
        for start in range(0, n, size):
            checkpoint()
            some = slice(start, min(start + size, n))
            X = self.single[some]
            bits = rows.bits(blocks, some, np.float32)
            joint = bits[first]
            joint *= bits[second]
            weighted = self.weights[some, None] * X
            sums += joint @ (weighted[:, self._pairs[0]] * X[:, self._pairs[1]])
        return np.asarray(self.unit * sums, dtype=np.float32)
