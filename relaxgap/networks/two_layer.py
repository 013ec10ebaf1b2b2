"""The two-layer ReLU network and its training loss."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.saving import save_arrays
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

    Examples
    --------
    >>> import numpy as np
    >>> from relaxgap import Dataset, TwoLayerNetwork
    >>> network = TwoLayerNetwork(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, -1.0]))
    >>> X = np.array([[3.0, 1.0], [-1.0, 0.5]])
    >>> network.predict(X).tolist()
    [1.0, -1.0]
    >>> network.training_loss(Dataset(X, np.array([1.0, 0.0])), beta=0.5)
    2.25
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

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        return {"hidden": self.hidden, "output": self.output}

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

    def save(self, path: str | Path) -> Path:
        """Write ``hidden`` and ``output`` to an ``.npz`` file and return its path.

        `relaxgap.load_network`, `relaxgap.certify` and ``relaxgap certify`` read it.

        Raises
        ------
        ConfigurationError
            If the path does not end in ``.npz``.
        DataError
            If a weight is not finite.
        StorageError
            If the file cannot be written.
        """
        return save_arrays(path, self.arrays)
