"""Splittings: optimal networks of every larger width."""

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.two_layer import TwoLayerNetwork


def split_neuron(
    network: TwoLayerNetwork, neuron: int, shares: Float64[np.ndarray, " k"]
) -> TwoLayerNetwork:
    r"""Split one neuron into several of the same direction, without changing the loss.

    :math:`(u, a)` becomes :math:`(\sqrt{\gamma_k}\, u, \sqrt{\gamma_k}\, a)` for the shares
    :math:`\gamma_k`.

    Parameters
    ----------
    network : TwoLayerNetwork
        Any network.
    neuron : int
        Which of its neurons.
    shares : (k,) float64
        Not negative, with sum 1 up to rounding, by which they are divided.

    Raises
    ------
    ValueError
        If a share is negative or not finite, they are of another sum, or there is no such neuron.

    References
    ----------
    Wang, Lacotte & Pilanci (2022), the splittings of minimal networks.
    """
    if not 0 <= neuron < network.width:
        raise ValueError(
            f"Expected a neuron from 0 to {network.width - 1}, got {neuron}; choose one of these."
        )
    if not (np.all(shares >= 0.0) and abs(float(shares.sum()) - 1.0) <= 1e-9):
        raise ValueError(
            f"Expected shares of sum 1, none negative, got {shares.tolist()}; divide by their sum."
        )
    roots = np.sqrt(shares / shares.sum())
    others = np.delete(np.arange(network.width), neuron)
    return TwoLayerNetwork(
        np.concatenate([network.hidden[others], roots[:, None] * network.hidden[neuron]]),
        np.concatenate([network.output[others], roots * network.output[neuron]]),
    )
