"""Many two-layer networks of one shape in one array, with their losses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.problems.losses import SQUARED, TrainingLoss

_CHUNK_ENTRIES = 1 << 22
"""Pre-activations held at once: 32 MB.

In chunks of `relaxgap.numerics.limits` each of many networks would have a few neurons at a time,
and stacked products of so few rows are up to 20 times slower.
"""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBatch:
    """Hold ``R`` networks of ``m`` neurons, one for each run.

    Parameters
    ----------
    hidden : (R, m, d) float64
        First-layer weights.
    output : (R, m) float64
        Second-layer weights.
    """

    hidden: Float64[np.ndarray, "R m d"]
    output: Float64[np.ndarray, "R m"]

    def __post_init__(self) -> None:
        if self.hidden.shape[:2] != self.output.shape or 0 in self.hidden.shape:
            raise ValueError(
                f"Expected non-empty hidden (R, m, d) and output (R, m), got {self.hidden.shape} "
                f"and {self.output.shape}; give every neuron one output weight."
            )

    @property
    def n_runs(self) -> int:
        """Number of networks, ``R``."""
        return int(self.hidden.shape[0])

    @property
    def n_neurons(self) -> int:
        """Number of neurons of each network, ``m``."""
        return int(self.hidden.shape[1])

    @property
    def d(self) -> int:
        """Number of features."""
        return int(self.hidden.shape[2])

    def of_runs(self, runs: slice) -> "NetworkBatch":
        """View the networks of some runs."""
        return NetworkBatch(self.hidden[runs], self.output[runs])


def joined(batches: Sequence[NetworkBatch]) -> NetworkBatch:
    """Put networks of one shape into one batch; a single batch is returned as it is."""
    if len(batches) == 1:
        return batches[0]
    return NetworkBatch(
        np.concatenate([batch.hidden for batch in batches]),
        np.concatenate([batch.output for batch in batches]),
    )


def neuron_chunks(data: Dataset, networks: NetworkBatch) -> Iterator[slice]:
    """Split the neurons, so that wide networks do not hold all their pre-activations at once."""
    size = max(1, _CHUNK_ENTRIES // (networks.n_runs * data.n))
    for start in range(0, networks.n_neurons, size):
        yield slice(start, start + size)


def batch_fit(data: Dataset, networks: NetworkBatch) -> Float64[np.ndarray, "R n"]:
    """Return the predictions of every network, in O(R m n d) time and O(R n) memory."""
    fit = np.zeros((networks.n_runs, data.n))
    for some in neuron_chunks(data, networks):
        post = networks.hidden[:, some] @ data.X.T
        np.maximum(post, 0.0, out=post)
        fit += (networks.output[:, None, some] @ post)[:, 0]
    return fit


def training_losses(
    data: Dataset,
    networks: NetworkBatch,
    beta: float | Float64[np.ndarray, " R"],
    loss: TrainingLoss = SQUARED,
) -> Float64[np.ndarray, " R"]:
    r"""Return the regularised loss of every network, with one ``beta`` or one for each.

    .. math:: \tfrac12 |(X W^\top)_+ \alpha - y|^2
        + \tfrac\beta2 \sum_j (|w_j|^2 + \alpha_j^2),

    a sum over samples, never a mean; another loss takes the place of the first term.
    """
    losses = loss.values(batch_fit(data, networks), data.y)
    if np.any(np.asarray(beta) > 0.0):
        losses += 0.5 * beta * np.einsum("sjk,sjk->s", networks.hidden, networks.hidden)
        losses += 0.5 * beta * np.einsum("sj,sj->s", networks.output, networks.output)
    return np.asarray(losses)
