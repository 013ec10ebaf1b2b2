r"""Rows that stand for all of them in the Hessian of the loss at a point.

A loss of classes is all but straight at most rows near an optimum, and the fewer rows carry its
curvature the worse a uniform sample models it. Rows are drawn with chances in proportion to their
curvature, up to 1: where no more than the sample are curved, they are all in it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.solvers.tall.row_passes import Rows

MAX_ROUNDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class CurvedSample:
    """Hold drawn rows.

    Parameters
    ----------
    rows : Rows
        N of them.
    counts : (N,) float64
        How many rows each stands for.
    curvature : (N,) float64
        Second derivative of the loss at each, and what was added.
    made_at : (n,) or (1,) float64
        Second derivative at the rows among which they were drawn, or the one number for all.
    """

    rows: Rows
    counts: Float64[np.ndarray, " N"]
    curvature: Float64[np.ndarray, " N"]
    made_at: Float64[np.ndarray, " _"]

    @classmethod
    def uniform(
        cls, rows: Rows, n_rows: int, largest: float, rng: np.random.Generator
    ) -> "CurvedSample":
        """Draw from all rows alike, each of the largest curvature: a model above the loss."""
        drawn = rows.sample(n_rows, rng)
        counts, curvature = np.full(drawn.n, drawn.weight), np.full(drawn.n, largest)
        return cls(drawn, counts, curvature, np.array([largest]))

    @classmethod
    def where_curved(
        cls,
        rows: Rows,
        n_rows: int,
        curvature: Float64[np.ndarray, " n"],
        care: float,
        rng: np.random.Generator,
    ) -> "CurvedSample":
        """Draw where the loss is curved.

        Parameters
        ----------
        rows : Rows
        n_rows : int
            How many, about.
        curvature : (n,) float64
            At every row.
        care : float
            Part of the mean that every row has in addition: one without curvature may have some at
            the next step.
        rng : Generator
        """
        added = curvature + care * float(curvature.mean())
        chances = _chances(added, n_rows)
        kept = np.flatnonzero(rng.random(rows.n) < chances)
        return cls(rows.picked(kept), rows.weight / chances[kept], added[kept], curvature)

    def is_stale(self, curvature: Float64[np.ndarray, " n"], limit: float) -> bool:
        """Whether these were drawn among other rows, or more than a part of the curvature moved."""
        if self.made_at.size not in (1, curvature.size):
            return True
        change = float(np.abs(curvature - self.made_at).mean())
        return change > limit * float(self.made_at.mean())


def _chances(curvature: Float64[np.ndarray, " n"], n_rows: int) -> Float64[np.ndarray, " n"]:
    """Return chances in proportion to the curvature, at most 1, whose sum is ``n_rows``."""
    chances = np.ones_like(curvature)
    if curvature.size <= n_rows:
        return chances
    certain = np.zeros(curvature.size, dtype=np.bool_)
    for _ in range(MAX_ROUNDS):
        left = curvature[~certain]
        scale = (n_rows - np.count_nonzero(certain)) / float(left.sum())
        chances[~certain] = scale * left
        if not np.any(chances > 1.0):
            break
        certain |= chances >= 1.0
        chances[certain] = 1.0
    return np.asarray(np.minimum(chances, 1.0))
