"""The point of every program: one block for each sign and pattern."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Hold the blocks of a point, the sign axis first.

    Parameters
    ----------
    w : (S, P, d) float64
        ``S = 1``: free blocks of a gated program. ``S = 2``: ``w[0]`` holds the blocks of positive,
        ``w[1]`` those of negative output weight.
    """

    w: Float64[np.ndarray, "S P d"]

    @classmethod
    def of(cls, *signed: Float64[np.ndarray, "P d"]) -> "Blocks":
        """Stack the blocks of each sign."""
        return cls(np.stack(signed))

    @property
    def active_blocks(self) -> int:
        """Number of nonzero blocks; with signs it is the width of the mapped network."""
        return int(np.count_nonzero(np.any(self.w != 0.0, axis=2)))

    @property
    def active_patterns(self) -> np.ndarray:
        """Which patterns have a nonzero block, as booleans (P,)."""
        return np.asarray(np.any(self.w != 0.0, axis=(0, 2)))

    @property
    def total_norm(self) -> float:
        """Sum of the Euclidean norms of all blocks."""
        return sum(float(np.linalg.norm(w, axis=1).sum()) for w in self.w)
