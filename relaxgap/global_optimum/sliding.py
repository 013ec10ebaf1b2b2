"""Slide: neurons that would lower the loss join a network, and all of them move together.

References
----------
Denoyelle, Duval, Peyré & Soubies (2019), the sliding Frank-Wolfe algorithm.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.wide_descent import descend
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems.losses import SQUARED, Loss

SIZE = 1e-2
"""Of a neuron that joins, relative to the median of those there."""


def slide(
    network: TwoLayerNetwork,
    directions: Float64[np.ndarray, "k d"],
    data: Dataset,
    beta: float,
    n_steps: int,
    stalled: float,
    deadline: Deadline = NEVER,
    loss: Loss = SQUARED,
) -> TwoLayerNetwork:
    """Insert small neurons along directions, each of the sign that fits, and descend.

    Parameters
    ----------
    network : TwoLayerNetwork
        To improve.
    directions : (k, d) float64
        Nonzero, those that price above ``beta``.
    data, beta, n_steps, stalled, deadline, loss
        As for `descend`.
    """
    nu = loss.dual_point(network.predict(data.X), data.y)
    signs = np.sign(np.maximum(directions @ data.X.T, 0.0) @ nu)
    size = SIZE * float(np.median(np.abs(network.output))) if network.width else SIZE
    hidden = size * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    wider = TwoLayerNetwork(
        np.concatenate([network.hidden, hidden]), np.concatenate([network.output, size * signs])
    )
    return descend(wider, data, beta, n_steps, stalled, deadline, loss)
