"""The network of a gated ReLU program: linear neurons that fixed gates switch on and off."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.saving import save_arrays
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True, eq=False)
class GatedNetwork:
    r"""Hold :math:`x \mapsto \sum_i 1[h_i^\top x \ge 0]\, w_i^\top x`.

    Parameters
    ----------
    gates : (m, d) float64
        The fixed gates :math:`h_i`, one neuron per row.
    weights : (m, d) float64
        The trained weights :math:`w_i`.
    """

    gates: Float64[np.ndarray, "m d"]
    weights: Float64[np.ndarray, "m d"]

    @property
    def width(self) -> int:
        """Number of neurons, ``m``."""
        return int(self.weights.shape[0])

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        return {"gates": self.gates, "weights": self.weights}

    def predict(self, X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """Return the network's output for each row of ``X``."""
        return np.asarray(np.sum((X @ self.gates.T >= 0.0) * (X @ self.weights.T), axis=1))

    def training_loss(self, data: Dataset, beta: float, loss: Loss = SQUARED) -> float:
        r"""Return :math:`\ell(f(X)) + \beta \sum_i \|w_i\|`."""
        penalty = float(np.linalg.norm(self.weights, axis=1).sum())
        return loss.value(self.predict(data.X), data.y) + beta * penalty

    def save(self, path: str | Path) -> Path:
        """Write ``gates`` and ``weights`` to an ``.npz`` file and return its path.

        Raises
        ------
        ConfigurationError
            If the path does not end in ``.npz``.
        StorageError
            If the file cannot be written.
        """
        return save_arrays(path, self.arrays)
