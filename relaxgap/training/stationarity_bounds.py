"""A cheap test that rules out stationary points: most networks of a run are far from any."""

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.training.network_batch import NetworkBatch, batch_fit, neuron_chunks


def residual_lower_bounds(
    data: Dataset,
    networks: NetworkBatch,
    betas: Float64[np.ndarray, " R"],
    loss: Loss = SQUARED,
) -> Float64[np.ndarray, " R"]:
    r"""Return a lower bound on `stationarity_residual` of every network, whatever the kinks.

    The loss is differentiable in the output weights, so every subgradient ``g`` is at least as
    long as its part :math:`o_j = \beta \alpha_j - \nu^\top (X w_j)_+` there. With ``D`` the norm of
    the weight decay part :math:`\beta (W, \alpha)` the residual is

    .. math:: \frac{|g|}{D + |\beta (W, \alpha) - g|} \ge \frac{|g|}{2 D + |g|}
              \ge \frac{|o|}{2 D + |o|} .

    Notes
    -----
    Cost: O(R m n d) time, O(R n) memory. NaN where a network and its data part vanish.
    """
    nu = loss.dual_point(batch_fit(data, networks), data.y)
    squares = np.zeros(networks.n_runs)
    for some in neuron_chunks(data, networks):
        post = networks.hidden[:, some] @ data.X.T
        np.maximum(post, 0.0, out=post)
        part = betas[:, None] * networks.output[:, some] - (post @ nu[:, :, None])[:, :, 0]
        squares += np.einsum("sj,sj->s", part, part)
    weights = np.einsum("sjk,sjk->s", networks.hidden, networks.hidden)
    weights += np.einsum("sj,sj->s", networks.output, networks.output)
    lengths = np.sqrt(squares)
    return np.asarray(lengths / (2.0 * betas * np.sqrt(weights) + lengths))
