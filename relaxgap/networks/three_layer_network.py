"""Parallel three-layer networks: sums of sub-networks of two hidden layers and one output."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.saving import save_arrays
from relaxgap.numerics.rows import row_lengths
from relaxgap.problems.three_layer import (
    FROBENIUS,
    ThreeLayerProgram,
    features,
    neuron_lengths,
)


@dataclass(frozen=True, slots=True, eq=False)
class ThreeLayerNetwork:
    r"""Hold :math:`x \mapsto \sum_k \big(\sum_j (W_{kj}^\top x)_+ w_{kj}\big)_+ v_k`.

    Parameters
    ----------
    hidden : (K, m, d) float64
        First-layer weights :math:`W_{kj}`, one neuron of a sub-network per row.
    inner : (K, m) float64
        Second-layer weights :math:`w_k`, one neuron a sub-network.
    output : (K,) float64
        Output weights :math:`v_k`.

    Examples
    --------
    >>> import numpy as np
    >>> from relaxgap.networks.three_layer_network import ThreeLayerNetwork
    >>> hidden = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> network = ThreeLayerNetwork(hidden, np.array([[2.0, -1.0]]), np.array([3.0]))
    >>> network.predict(np.array([[1.0, 1.0], [1.0, 3.0]])).tolist()
    [3.0, 0.0]
    """

    hidden: Float64[np.ndarray, "K m d"]
    inner: Float64[np.ndarray, "K m"]
    output: Float64[np.ndarray, " K"]

    def __post_init__(self) -> None:
        shape = self.inner.shape
        if (
            self.hidden.ndim != 3
            or len(shape) != 2
            or self.hidden.shape[:2] != shape
            or (self.output.shape != shape[:1])
        ):
            raise ValueError(
                f"Expected hidden (K, m, d), inner (K, m) and output (K,), got "
                f"{self.hidden.shape}, {self.inner.shape} and {self.output.shape}; make them match."
            )

    @property
    def width(self) -> int:
        """Number of sub-networks, ``K``."""
        return int(self.output.size)

    @property
    def subnetwork_width(self) -> int:
        """Hidden neurons of the first layer of each, ``m``."""
        return int(self.inner.shape[1])

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        return {"hidden": self.hidden, "inner": self.inner, "output": self.output}

    def predict(self, X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """Return the output for each row."""
        return np.asarray(features(X, self.hidden, self.inner) @ self.output)

    def training_loss(self, program: ThreeLayerProgram) -> float:
        r"""Return half the squared error and ``beta`` / 2 times the squares of the last two layers.

        First layers count as normalised: what they are scaled by is given to the second layer.
        """
        scaled = self.normalised(program.normalisation)
        rest = program.fit(scaled.hidden, scaled.inner, scaled.output) - program.data.y
        squares = float(np.sum(scaled.inner**2)) + float(np.sum(scaled.output**2))
        return 0.5 * float(rest @ rest) + 0.5 * program.beta * squares

    def normalised(self, normalisation: str) -> "ThreeLayerNetwork":
        """Return the same function with normalised first layers, the second layer scaled."""
        lengths = neuron_lengths(self.hidden)
        if normalisation == FROBENIUS:
            lengths = np.repeat(row_lengths(lengths)[:, None], lengths.shape[1], axis=1)
        divisors = np.where(lengths > 0.0, lengths, 1.0)
        return ThreeLayerNetwork(
            self.hidden / divisors[:, :, None], self.inner * lengths, self.output
        )

    def balanced(self, normalisation: str) -> "ThreeLayerNetwork":
        r"""Return the same function at its cheapest scaling, without dead sub-networks.

        Of :math:`z_{kj} = |v_k w_{kj}| W_{kj}` alone: with :math:`t = \|z\|` (columns)
        :math:`w_j = \pm \|z_j\| / \sqrt t`, with :math:`t = \sum_j \|z_j\|` (Frobenius)
        :math:`w_j = \pm \sqrt{\|z_j\|}`, and :math:`v = \pm \sqrt t`.
        """
        z = self.hidden * np.abs(self.inner * self.output[:, None])[:, :, None]
        sizes = neuron_lengths(z)
        some = np.flatnonzero(np.any(sizes > 0.0, axis=1))
        z, sizes, signs = z[some], sizes[some], np.sign(self.inner[some])
        units = z / np.where(sizes > 0.0, sizes, 1.0)[:, :, None]
        if normalisation == FROBENIUS:
            total = sizes.sum(axis=1)
            hidden = units * np.sqrt(sizes / total[:, None])[:, :, None]
            inner = signs * np.sqrt(sizes)
        else:
            total = np.linalg.norm(sizes, axis=1)
            hidden, inner = units, signs * sizes / np.sqrt(total)[:, None]
        return ThreeLayerNetwork(hidden, inner, np.sign(self.output[some]) * np.sqrt(total))

    def save(self, path: str | Path) -> Path:
        """Write ``hidden``, ``inner`` and ``output`` to an ``.npz`` file and return its path.

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
