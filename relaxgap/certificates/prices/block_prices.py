r"""Upper bounds of the dual constraint of every block."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, slots=True, eq=False)
class BlockPrices:
    """Hold an upper bound of the dual constraint of every block.

    Parameters
    ----------
    bounds : (S, P) float64
        One row for each sign of the family, rounding included.
    threshold : float
        A bound at or below it was not refined further.
    """

    bounds: Float64[np.ndarray, "S P"]
    threshold: float

    @property
    def largest(self) -> float:
        """An upper bound of every constraint; 0 if there is no pattern."""
        return float(self.bounds.max(initial=0.0))
