"""What a network attains in exact arithmetic, bounded from above."""

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.rounding import EPS
from relaxgap.problems.losses import SQUARED, Loss


def attained_loss(
    network: TwoLayerNetwork, data: Dataset, beta: float, loss: Loss = SQUARED
) -> float:
    r"""Return the training loss of a network plus its rounding; infinity if it is not finite.

    Each prediction is off by at most a few :math:`\epsilon (d + m)` times
    :math:`\sum_j |\alpha_j| \sum_k |x_{ik}| |w_{jk}|`, for any order of summation.
    """
    X, y, m = data.X, data.y, network.width
    with np.errstate(over="ignore", invalid="ignore"):
        fit = network.predict(X)
        magnitudes = np.abs(X) @ (np.abs(network.output) @ np.abs(network.hidden))
        distance = 2.0 * EPS * (data.d + m + 8) * float(np.linalg.norm(magnitudes))
        penalty = 0.5 * beta * float(np.sum(network.hidden**2) + np.sum(network.output**2))
        value = loss.value(fit, y) + penalty
        value += loss.value_error(fit, y, distance) + 4.0 * EPS * (data.n + m + 8) * value
    return float(value) if np.isfinite(value) else np.inf
