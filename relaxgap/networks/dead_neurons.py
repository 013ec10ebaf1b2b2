"""What the dual constraint says of neurons that died."""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.cone_pricing import SIGNS, magnitude, rounding_bound
from relaxgap.data.dataset import Dataset
from relaxgap.networks.stationarity import BOUNDARY_RTOL
from relaxgap.networks.structure import activation_signs, dead_neurons
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.patterns.cones import project_onto_cone


def dead_neuron_prices(
    network: TwoLayerNetwork, data: Dataset, rtol: float = 1e-6
) -> Float64[np.ndarray, " k"]:
    r"""Return the dual constraint of the last pattern of every dead neuron.

    A neuron of zero weights is stationary whatever the dual point :math:`\nu = y - f(X)` is. That
    a stationary network is optimal over its patterns needs more of a dead neuron: its
    :math:`\max_\pm \|\mathrm{Proj}_{K_j}(\pm X^\top D_j \nu)\|`, which is returned, may not exceed
    beta; one above it could come back to life in its own pattern and lower the loss.

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
    (k,) float64
        One price for each dead neuron, in order, rounding included. The pattern is that of its
        tiny hidden weight, with samples on the boundary active. A hidden weight of exactly zero
        has no last pattern: its price is NaN, which no comparison with beta calls satisfied.

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
    nu = data.y - network.predict(data.X)
    scale = magnitude(data.X, nu)
    patterns, pattern_of = np.unique(active[dead][known], axis=0, return_inverse=True)
    largest = np.zeros(patterns.shape[0])
    for k, pattern in enumerate(patterns):
        for sign in SIGNS:
            gradient = sign * ((nu * pattern) @ data.X)
            projection, multiplier_sum = project_onto_cone(data.X, pattern, gradient)
            rounding = rounding_bound(data.n + 8, data.d, scale + multiplier_sum)
            price = float(np.linalg.norm(projection)) + float(rounding)
            largest[k] = max(largest[k], price)
    prices = np.full(known.size, np.nan)
    prices[known] = largest[pattern_of]
    return prices
