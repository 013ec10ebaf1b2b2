r"""Neurons of large price found by ascent, where cells are too many to list; it proves nothing."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.vector.cone_pca import Candidates, VectorPrices
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rows import unit_directions
from relaxgap.problems.vector_output import VectorProgram

STARTS, STEPS = 200, 120
FIRST_STEP, GROWTH, SHRINKAGE = 0.5, 1.3, 0.5
SAME_DIRECTION = 1.0 - 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class LocalPrices:
    r"""Ascend :math:`\|R^\top S (Xu)_+\|` on the unit sphere from drawn starts.

    Parameters
    ----------
    program : VectorProgram
        Problem.
    rng : Generator
        Draws the starts of every call.
    """

    program: VectorProgram
    rng: np.random.Generator

    def __call__(self, spread: Float64[np.ndarray, "N q"], threshold: float) -> VectorPrices:
        """Return distinct local maxima above the threshold; the bound of a price is infinite."""
        starts = self.rng.standard_normal((STARTS, self.program.data.d))
        u, prices = self.ascend(spread, starts)
        chosen: list[int] = []
        for k in np.argsort(-prices):
            if prices[k] <= threshold:
                break
            if all(float(u[k] @ u[j]) < SAME_DIRECTION for j in chosen):
                chosen.append(int(k))
        best = Candidates(np.arange(len(chosen)), u[chosen], prices[chosen])
        return VectorPrices(np.array([np.inf]), best)

    def ascend(
        self, spread: Float64[np.ndarray, "N q"], starts: Float64[np.ndarray, "k d"]
    ) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, " k"]]:
        """Return unit vectors, none worse than its start, and their prices.

        Notes
        -----
        Cost: O(N d k) a step.
        """
        X = self.program.data.X
        u = unit_directions(starts)
        along = u @ X.T
        gains = self._gains(along, spread)
        prices = np.linalg.norm(gains, axis=1)
        steps = np.full(prices.size, FIRST_STEP)
        for _ in range(STEPS):
            checkpoint()
            gradients = unit_directions(((along > 0.0) * (gains @ spread.T)) @ X)
            moved = unit_directions(u + steps[:, None] * gradients)
            moved_along = moved @ X.T
            moved_gains = self._gains(moved_along, spread)
            moved_prices = np.linalg.norm(moved_gains, axis=1)
            better = moved_prices > prices
            u = np.where(better[:, None], moved, u)
            along = np.where(better[:, None], moved_along, along)
            gains = np.where(better[:, None], moved_gains, gains)
            prices = np.where(better, moved_prices, prices)
            steps *= np.where(better, GROWTH, SHRINKAGE)
        return u, prices

    def _gains(
        self, along: Float64[np.ndarray, "k N"], spread: Float64[np.ndarray, "N q"]
    ) -> Float64[np.ndarray, "k q"]:
        return np.asarray(np.maximum(along, 0.0) @ spread)
