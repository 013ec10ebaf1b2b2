"""Two-layer networks with several outputs, perhaps over patches, and their gated kin."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.saving import save_arrays
from relaxgap.problems.vector_output import VectorProgram


@dataclass(frozen=True, slots=True, eq=False)
class VectorNetwork:
    r"""Hold :math:`x \mapsto \sum_j (u_j^\top x)_+ v_j`, without biases.

    Of a sample of several rows, the patches of a convolution, the neurons' activations are added
    up.

    Parameters
    ----------
    hidden : (m, d) float64
        Hidden weights :math:`u_j`, one neuron per row.
    output : (m, q) float64
        Output weights :math:`v_j`.

    Examples
    --------
    >>> import numpy as np
    >>> from relaxgap.networks.vector_network import VectorNetwork
    >>> network = VectorNetwork(np.array([[1.0, 0.0]]), np.array([[2.0, -1.0]]))
    >>> network.predict(np.array([[3.0, 1.0], [-1.0, 0.5]])).tolist()
    [[6.0, -3.0], [0.0, -0.0]]
    """

    hidden: Float64[np.ndarray, "m d"]
    output: Float64[np.ndarray, "m q"]

    def __post_init__(self) -> None:
        if self.hidden.shape[0] != self.output.shape[0]:
            raise ValueError(
                f"Expected one row of output weights per neuron, got {self.hidden.shape[0]} "
                f"neurons and {self.output.shape[0]} rows; make the widths match."
            )

    @property
    def width(self) -> int:
        """Number of neurons, ``m``."""
        return int(self.hidden.shape[0])

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        return {"hidden": self.hidden, "output": self.output}

    def predict(self, X: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "n q"]:
        """Return the outputs for each sample: rows (n, d), or patches (n, T, d)."""
        return np.asarray(_pooled(np.maximum(X @ self.hidden.T, 0.0)) @ self.output)

    def training_loss(self, program: VectorProgram) -> float:
        r"""Return half the squared error plus ``beta`` / 2 times the squares of all weights."""
        squares = float(np.sum(self.hidden**2)) + float(np.sum(self.output**2))
        rest = program.fit(self.hidden, self.output) - program.data.Y
        return 0.5 * float(np.sum(rest**2)) + 0.5 * program.beta * squares

    def balanced(self) -> "VectorNetwork":
        """Return the same function at the least squares of weights, without dead neurons."""
        lengths = np.linalg.norm(self.hidden, axis=1)
        reaches = np.linalg.norm(self.output, axis=1)
        some = (lengths > 0.0) & (reaches > 0.0)
        ratio = np.sqrt(reaches[some] / lengths[some])[:, None]
        return VectorNetwork(self.hidden[some] * ratio, self.output[some] / ratio)

    def save(self, path: str | Path) -> Path:
        """Write ``hidden`` and ``output`` to an ``.npz`` file and return its path.

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


@dataclass(frozen=True, slots=True, eq=False)
class GatedVectorNetwork:
    r"""Hold :math:`x \mapsto \sum_i 1[h_i^\top x \ge 0]\, V_i^\top x`.

    Parameters
    ----------
    gates : (m, d) float64
        The fixed gates :math:`h_i`.
    weights : (m, d, q) float64
        The trained blocks :math:`V_i`.
    """

    gates: Float64[np.ndarray, "m d"]
    weights: Float64[np.ndarray, "m d q"]

    @property
    def width(self) -> int:
        """Number of gates, ``m``."""
        return int(self.gates.shape[0])

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        return {"gates": self.gates, "weights": self.weights}

    def predict(self, X: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "n q"]:
        """Return the outputs for each sample: rows (n, d), or patches (n, T, d)."""
        rows = X.reshape(-1, X.shape[-1])
        out = np.zeros((rows.shape[0], self.weights.shape[2]))
        for gate, block in zip(self.gates, self.weights, strict=True):
            out += (rows @ gate >= 0.0)[:, None] * (rows @ block)
        return np.asarray(_pooled(out.reshape(*X.shape[:-1], -1)))

    def save(self, path: str | Path) -> Path:
        """Write ``gates`` and ``weights`` to an ``.npz`` file and return its path.

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


def _pooled(activations: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "n k"]:
    """Add up over the patches of a sample, where there are any."""
    return np.asarray(activations.sum(axis=1) if activations.ndim == 3 else activations)
