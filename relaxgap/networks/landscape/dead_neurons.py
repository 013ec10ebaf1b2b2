"""What the dual constraint says of neurons that died."""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.prices.cones import SIGNS
from relaxgap.data.dataset import Dataset
from relaxgap.networks.landscape.stationarity import BOUNDARY_RTOL
from relaxgap.networks.landscape.structure import activation_signs, dead_neurons
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rounding import magnitude, rounding_bound
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.problems.losses import SQUARED, Loss


def dead_neuron_prices(
    network: TwoLayerNetwork, data: Dataset, rtol: float = 1e-6, loss: Loss = SQUARED
) -> Float64[np.ndarray, "k 2"]:
    r"""Return the dual constraints of the last pattern of every dead neuron, its own sign first.

    A neuron of zero weights is stationary whatever the dual point :math:`\nu = -\nabla \ell(f(X))`
    is. That
    a stationary network is optimal over its patterns needs more of a dead neuron: neither of its
    prices :math:`\|\mathrm{Proj}_{K_j}(\pm X^\top D_j \nu)\|` may exceed beta. If that of its own
    sign does, training brings it back to life. If the other one does, only a neuron of the same
    pattern and the other sign would lower the loss, and gradient methods do not change signs.

    Parameters
    ----------
    network : TwoLayerNetwork
        Finite weights of the dimension of the data.
    data : Dataset
        The training data.
    rtol : float
        As for `structure_of`: which neurons count as zero, hence as dead.

    Returns
    -------
    (k, 2) float64
        Prices of each dead neuron, in order, rounding included, with the sign of its output weight
        (0 counts as positive) and with the other one. The pattern is that of its tiny hidden
        weight, with samples on the boundary active. A hidden weight of exactly zero has no last
        pattern: its prices are NaN, which no comparison with beta calls satisfied.

    Raises
    ------
    ValueError
        If a weight is not finite or the network has another dimension than the data.

    Notes
    -----
    Cost: two non-negative least squares problems for each distinct pattern.

    References
    ----------
    Kim & Pilanci (2024), the step from stationary points to optima of the convex program.
    """
    active = activation_signs(network, data, BOUNDARY_RTOL) >= 0
    dead = dead_neurons(network, rtol)
    known = np.any(network.hidden[dead] != 0.0, axis=1)
    nu = loss.dual_point(network.predict(data.X), data.y)
    scale = magnitude(data.X, nu)
    patterns, pattern_of = np.unique(active[dead][known], axis=0, return_inverse=True)
    by_sign = np.zeros((patterns.shape[0], 2))
    for k, pattern in enumerate(patterns):
        for column, sign in enumerate(SIGNS):
            gradient = sign * ((nu * pattern) @ data.X)
            projection, multipliers = project_onto_cone(data.X, pattern, gradient)
            rounding = rounding_bound(data.n + 8, data.d, scale + float(multipliers.sum()))
            by_sign[k, column] = float(np.linalg.norm(projection)) + float(rounding)
    prices = np.full((known.size, 2), np.nan)
    prices[known] = by_sign[pattern_of]
    negative = network.output[dead] < 0.0
    prices[negative] = prices[negative, ::-1]
    return prices
