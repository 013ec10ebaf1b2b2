"""Many two-layer networks of one shape in one array, with their losses and gradients."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset

_CHUNK_ENTRIES = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBatch:
    """Hold ``S`` networks of ``m`` neurons, one for each seed.

    Parameters
    ----------
    hidden : (S, m, d) float64
        First-layer weights.
    output : (S, m) float64
        Second-layer weights.
    """

    hidden: Float64[np.ndarray, "S m d"]
    output: Float64[np.ndarray, "S m"]

    def __post_init__(self) -> None:
        if self.hidden.shape[:2] != self.output.shape or 0 in self.hidden.shape:
            raise ValueError(
                f"Expected non-empty hidden (S, m, d) and output (S, m), got {self.hidden.shape} "
                f"and {self.output.shape}; give every neuron one output weight."
            )

    @property
    def n_seeds(self) -> int:
        """Number of networks, ``S``."""
        return int(self.hidden.shape[0])

    @property
    def n_neurons(self) -> int:
        """Number of neurons of each network, ``m``."""
        return int(self.hidden.shape[1])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.hidden.shape[2])


def batch_fit(data: Dataset, networks: NetworkBatch) -> Float64[np.ndarray, "S n"]:
    """Return the predictions of every network, in O(S m n d) time and O(S n) memory.

    Neurons are taken a chunk at a time, so that wide networks do not hold all pre-activations.
    """
    chunk = max(1, _CHUNK_ENTRIES // (networks.n_seeds * data.n))
    fit = np.zeros((networks.n_seeds, data.n))
    for start in range(0, networks.n_neurons, chunk):
        post = networks.hidden[:, start : start + chunk] @ data.X.T
        np.maximum(post, 0.0, out=post)
        fit += (networks.output[:, None, start : start + chunk] @ post)[:, 0]
    return fit


def training_losses(
    data: Dataset, networks: NetworkBatch, beta: float
) -> Float64[np.ndarray, " S"]:
    r"""Return the regularised loss of every network.

    .. math:: \tfrac12 |(X W^\top)_+ \alpha - y|^2
        + \tfrac\beta2 \sum_j (|w_j|^2 + \alpha_j^2),

    a sum over samples, never a mean.
    """
    residual = batch_fit(data, networks) - data.y
    return losses_of_residual(residual, networks, beta)


def losses_of_residual(
    residual: Float64[np.ndarray, "S n"], networks: NetworkBatch, beta: float
) -> Float64[np.ndarray, " S"]:
    """Return the regularised loss of every network from its residual ``fit - y``."""
    losses = 0.5 * np.einsum("si,si->s", residual, residual)
    if beta > 0.0:
        losses += 0.5 * beta * np.einsum("sjk,sjk->s", networks.hidden, networks.hidden)
        losses += 0.5 * beta * np.einsum("sj,sj->s", networks.output, networks.output)
    return np.asarray(losses)


def training_gradient(data: Dataset, networks: NetworkBatch, beta: float) -> NetworkBatch:
    """Return the gradient of `training_losses`; a zero pre-activation counts as active.

    At a kink this is the gradient of the linear piece on the active side.
    """
    kernel = DataGradient(networks, data.n)
    kernel.evaluate(networks, data.X, data.y, weight=1.0)
    return NetworkBatch(
        kernel.gradient.hidden + beta * networks.hidden,
        kernel.gradient.output + beta * networks.output,
    )


class DataGradient:
    """Evaluate the gradient of the data term into buffers that are allocated once.

    Parameters
    ----------
    networks : NetworkBatch
        Networks of the shape to be evaluated.
    n_rows : int
        Number of samples of one evaluation.

    Notes
    -----
    Memory is ``9 S m n_rows`` bytes beside the gradient itself.
    """

    def __init__(self, networks: NetworkBatch, n_rows: int) -> None:
        n_seeds, n_neurons, d = networks.hidden.shape
        self.flat = np.zeros(n_seeds * n_neurons * (d + 1))
        self.gradient = networks_of_flat(self.flat, networks)
        self.residual = np.empty((n_seeds, n_rows))
        self._post = np.empty((n_seeds, n_neurons, n_rows))
        self._active = np.empty((n_seeds, n_neurons, n_rows), dtype=bool)
        self._post_rows = self._post.reshape(-1, n_rows)
        self._hidden_rows = self.gradient.hidden.reshape(-1, d)
        self._residual_row = self.residual[:, None, :]
        self._residual_column = self.residual[:, :, None]
        self._output_column = self.gradient.output[:, :, None]

    def evaluate(
        self,
        networks: NetworkBatch,
        X: Float64[np.ndarray, "b d"],
        y: Float64[np.ndarray, " b"],
        weight: float,
    ) -> None:
        """Fill ``residual`` and ``gradient`` for the given rows, the gradient times ``weight``."""
        hidden, output = networks.hidden, networks.output
        np.matmul(hidden.reshape(-1, hidden.shape[2]), X.T, out=self._post_rows)
        np.greater_equal(self._post, 0.0, out=self._active)
        np.maximum(self._post, 0.0, out=self._post)
        np.matmul(output[:, None, :], self._post, out=self._residual_row)
        self.residual -= y
        np.matmul(self._post, self._residual_column, out=self._output_column)
        np.multiply(self._active, self._residual_row, out=self._post)
        np.matmul(self._post_rows, X, out=self._hidden_rows)
        self.gradient.hidden[...] *= output[:, :, None]
        if weight != 1.0:
            self.flat *= weight


def networks_of_flat(flat: Float64[np.ndarray, " size"], shape_of: NetworkBatch) -> NetworkBatch:
    """View one contiguous vector, all hidden weights then all output weights, as networks."""
    split = shape_of.hidden.size
    return NetworkBatch(
        flat[:split].reshape(shape_of.hidden.shape), flat[split:].reshape(shape_of.output.shape)
    )
