"""The gradient of the data term for many networks at once, on any backend."""

from jaxtyping import Float

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.backend import NUMPY, Array, Arrays
from relaxgap.problems.losses import SQUARED, TrainingLoss
from relaxgap.training.network_batch import NetworkBatch
from relaxgap.training.weights import Weights


def training_gradient(
    data: Dataset, networks: NetworkBatch, beta: float, loss: TrainingLoss = SQUARED
) -> NetworkBatch:
    """Return the gradient of `training_losses`; a zero pre-activation counts as active.

    At a kink this is the gradient of the linear piece on the active side.
    """
    arrays = NUMPY.arrays()
    kernel = DataGradient(Weights.of(networks, arrays), data.n, arrays, loss)
    kernel.evaluate(data.X, data.y, weight=1.0)
    return NetworkBatch(
        kernel.gradient.hidden + beta * networks.hidden,
        kernel.gradient.output + beta * networks.output,
    )


class Buffers:
    """Hold what is needed during an evaluation or a step only, for groups that take turns.

    Parameters
    ----------
    weights : Weights
        Of the largest group.
    n_rows : int
        Number of samples of one evaluation.
    arrays : Arrays
        The backend of the weights.
    """

    def __init__(self, weights: Weights, n_rows: int, arrays: Arrays) -> None:
        n_runs, m, _ = weights.shape
        like = {"dtype": weights.flat.dtype, "device": weights.flat.device}
        self.post = arrays.xp.zeros((n_runs, m, n_rows), **like)
        self.active = self.post >= 0.0
        self.scratch = arrays.xp.zeros_like(weights.flat)


class DataGradient:
    """Evaluate the gradient of the data term into buffers that are allocated once.

    Parameters
    ----------
    weights : Weights
        Read at every evaluation.
    n_rows : int
        Number of samples of one evaluation.
    arrays : Arrays
        The backend of the weights.
    loss : TrainingLoss
        Of the fit.
    buffers : Buffers or None
        Shared with others that are not evaluated at the same time; None for its own.

    Notes
    -----
    Memory is ``9 R m n_rows`` bytes of buffers beside the gradient itself.
    """

    def __init__(
        self,
        weights: Weights,
        n_rows: int,
        arrays: Arrays,
        loss: TrainingLoss,
        buffers: Buffers | None = None,
    ) -> None:
        n_runs, m, d = weights.shape
        self.buffers = Buffers(weights, n_rows, arrays) if buffers is None else buffers
        self._to_gradient = loss.to_gradient
        xp, like = arrays.xp, {"dtype": weights.flat.dtype, "device": weights.flat.device}
        self._xp, self._product, self._zero = xp, arrays.product, xp.zeros((), **like)
        self.gradient = weights.zeros(arrays)
        self.fit_gradient = xp.zeros((n_runs, n_rows), **like)
        self._fit_gradient_row = self.fit_gradient[:, None, :]
        self._fit_gradient_column = self.fit_gradient[:, :, None]
        self._post = self.buffers.post[:n_runs]
        self._post_rows = self._post.reshape((n_runs * m, n_rows))
        self._active = self.buffers.active[:n_runs]
        self._hidden_rows = weights.hidden.reshape((n_runs * m, d))
        self._output_row = weights.output[:, None, :]
        self._output_column = weights.output[:, :, None]
        self._hidden_gradient_rows = self.gradient.hidden.reshape((n_runs * m, d))
        self._output_gradient_column = self.gradient.output[:, :, None]

    def evaluate(self, X: Float[Array, "b d"], y: Float[Array, " b"], weight: float) -> None:
        """Fill both gradients for the given rows, that of the weights times ``weight``."""
        xp, post = self._xp, self._post
        self._product(self._hidden_rows, X.T, out=self._post_rows)
        xp.greater_equal(post, 0.0, out=self._active)
        xp.maximum(post, self._zero, out=post)
        xp.matmul(self._output_row, post, out=self._fit_gradient_row)
        self._to_gradient(self.fit_gradient, y)
        xp.matmul(post, self._fit_gradient_column, out=self._output_gradient_column)
        xp.multiply(self._active, self._fit_gradient_row, out=post)
        self._product(self._post_rows, X, out=self._hidden_gradient_rows)
        self.gradient.hidden *= self._output_column
        if weight != 1.0:
            self.gradient.flat *= weight
