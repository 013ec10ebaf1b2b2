r"""What is proven of every optimal network, whatever the exact directions are.

The weights ``c`` of an optimal network over the exact columns :math:`a^*_k` have :math:`c \ge 0`,
:math:`\sum_k c_k a^*_k = f^*` and a known sum. So for *every* :math:`\lambda` and every linear
functional ``g``

.. math:: g^{*\top} c \ge \lambda^\top f^* + \sum_k c_k (g^*_k - \lambda^\top a^*_k)
          \ge \lambda^\top f - \|\lambda\| \delta + C \min_k (g_k - G_k - \lambda^\top a_k
          - \|\lambda\| E_k)

with the error :math:`\delta` of the fit, those of the columns and of the functional, and the end of
the sum that is right for the sign of the minimum. A linear program offers :math:`\lambda`; it need
not have been solved well.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.known_optimum import KnownOptimum
from relaxgap.networks.optimal_set.tight_neurons import TightNeurons
from relaxgap.numerics.rounding import EPS


@dataclass(frozen=True, slots=True, eq=False)
class OuterBounds:
    """Prove bounds of linear functionals over all optimal networks."""

    neurons: TightNeurons
    known: KnownOptimum

    def below(
        self,
        g: Float64[np.ndarray, " k"],
        errors: Float64[np.ndarray, " k"],
        multipliers: Float64[np.ndarray, "l n"],
    ) -> float:
        """Return the best lower bound that some multipliers prove.

        Parameters
        ----------
        g : (k,) float64
            The functional of a unit weight of each neuron.
        errors : (k,) float64
            How far that is from what the exact direction gives.
        multipliers : (l, n) float64
            Candidates; those that are not finite are left out. Zero is tried as well.
        """
        finite = multipliers[np.all(np.isfinite(multipliers), axis=1)]
        tried = np.concatenate([np.zeros((1, len(self.known.fit))), finite])
        return max(self._proven(g, errors, row) for row in tried)

    def _proven(
        self,
        g: Float64[np.ndarray, " k"],
        errors: Float64[np.ndarray, " k"],
        multiplier: Float64[np.ndarray, " n"],
    ) -> float:
        known, neurons = self.known, self.neurons
        size = float(np.linalg.norm(multiplier)) * (1.0 + 1e-12)
        if not np.isfinite(known.fit_radius) and size > 0.0:
            return -np.inf
        of_fit = float(multiplier @ known.fit) - (size * known.fit_radius if size else 0.0)
        lengths = np.linalg.norm(neurons.columns, axis=0)
        reduced = g - multiplier @ neurons.columns - errors - size * neurons.column_errors
        # no neuron at all adds nothing
        least = float(np.min(reduced, initial=np.inf)) if g.size else 0.0
        largest = float(np.max(np.abs(g) + errors + size * lengths, initial=0.0))
        rounding = 8.0 * EPS * (len(multiplier) + 8)
        rounding *= _times(known.total_high, largest) + size * float(np.linalg.norm(known.fit))
        total = known.total_low if least > 0.0 else known.total_high
        proven = of_fit + _times(total, least) - rounding
        return -np.inf if np.isnan(proven) else proven


def _times(total: float, of_unit: float) -> float:
    """Multiply by a total that is finite even where no bound of it is known."""
    return total * of_unit if of_unit else 0.0
