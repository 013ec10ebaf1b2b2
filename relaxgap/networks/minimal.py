"""Carathéodory pruning: an optimal network needs no more neurons than samples."""

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.mapping import to_blocks, to_network
from relaxgap.networks.two_layer import TwoLayerNetwork


def minimal_network(network: TwoLayerNetwork, data: Dataset) -> TwoLayerNetwork:
    r"""Prune a network to at most ``rank`` of its fit contributions, never raising its loss.

    The neurons of each (pattern, sign) are merged first, which makes the network scaled. While
    the fit contributions :math:`q_j` are linearly dependent, :math:`\sum_j c_j q_j = 0`, the
    weights move along :math:`w_j \leftarrow (1 - t c_j) w_j` in the direction that does not raise
    :math:`\sum_j \|w_j\|` until a neuron vanishes; at an optimum the penalty does not change.

    Parameters
    ----------
    network : TwoLayerNetwork
        Any network; only for an optimal one is the result's width tied to the critical width.
    data : Dataset
        The training data.

    Returns
    -------
    TwoLayerNetwork
        At most ``n`` neurons, the same predictions up to rounding.

    Notes
    -----
    Cost: one null vector of an ``n x k`` matrix for each neuron removed.

    References
    ----------
    Pilanci & Ergen (2020), Section 3; Kim & Pilanci (2024), remark on m*.
    """
    point = to_blocks(network, data).point
    merged = to_network(point)
    sizes = np.abs(merged.output)
    units = merged.hidden / sizes[:, None]
    signs = np.sign(merged.output)
    # |alpha_j| |w_j| of a scaled network: the norm of its block
    norms = sizes**2
    atoms = np.maximum(data.X @ units.T, 0.0) * signs
    keep = np.arange(norms.size)
    while True:
        direction = _null_vector(atoms[:, keep] * norms[keep])
        if direction is None:
            break
        if float(direction @ norms[keep]) < 0.0:
            direction = -direction
        step = 1.0 / float(direction.max())
        remaining = norms[keep] * (1.0 - step * direction)
        remaining[np.argmax(direction)] = 0.0
        norms[keep] = np.maximum(remaining, 0.0)
        keep = keep[norms[keep] > 0.0]
    roots = np.sqrt(norms[keep])
    return TwoLayerNetwork(units[keep] * roots[:, None], signs[keep] * roots)


def _null_vector(contributions: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"] | None:
    """Return a unit vector in the numerical null space with a positive entry, if there is one."""
    n, k = contributions.shape
    if k == 0:
        return None
    scale = np.linalg.norm(contributions, axis=0)
    scale[scale == 0.0] = 1.0
    _, values, vt = np.linalg.svd(contributions / scale, full_matrices=True)
    tolerance = max(n, k) * float(np.finfo(np.float64).eps) * float(values.max(initial=0.0))
    if k <= n and float(values[-1]) > tolerance:
        return None
    direction: Float64[np.ndarray, " k"] = vt[-1] / scale
    if direction.max() <= 0.0:
        direction = -direction
    return direction
