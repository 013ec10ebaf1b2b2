"""The two-layer ReLU network and its training loss."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True, eq=False)
class TwoLayerNetwork:
    r"""Hold :math:`x \mapsto \sum_j (w_j^\top x)_+ \alpha_j`, without biases.

    Parameters
    ----------
    hidden : (m, d) float64
        Hidden weights :math:`w_j`, one neuron per row.
    output : (m,) float64
        Output weights :math:`\alpha_j`.
    """

    hidden: Float64[np.ndarray, "m d"]
    output: Float64[np.ndarray, " m"]

    def __post_init__(self) -> None:
        if self.hidden.shape[0] != self.output.shape[0]:
            raise ValueError(
                f"Expected one output weight per neuron, got {self.hidden.shape[0]} neurons and "
                f"{self.output.shape[0]} output weights; make the widths match."
            )

    @property
    def width(self) -> int:
        """Number of neurons, ``m``."""
        return int(self.hidden.shape[0])

    def predict(self, X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """Return the network's output for each row of ``X``."""
        return np.asarray(np.maximum(X @ self.hidden.T, 0.0) @ self.output)

    def training_loss(self, data: Dataset, beta: float, loss: Loss = SQUARED) -> float:
        r"""Return :math:`\ell(f(X)) + \tfrac\beta2 \sum_j (\|w_j\|^2 + \alpha_j^2)`.

        A sum over samples, never a mean; :math:`\tfrac12 \|f(X) - y\|^2` is the default loss.

        References
        ----------
        Kim & Pilanci (2024), Eq. (1).
        """
        penalty = float(np.sum(self.hidden**2)) + float(np.sum(self.output**2))
        return loss.value(self.predict(data.X), data.y) + 0.5 * beta * penalty
