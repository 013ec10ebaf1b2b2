"""Carathéodory pruning: an optimal network needs no more neurons than samples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.networks.mapping import to_blocks, to_network
from relaxgap.networks.two_layer import TwoLayerNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Pruning:
    r"""Move the blocks of a scaled network along :math:`(1 - t c_j) w_j` until one vanishes.

    Parameters
    ----------
    neurons : (k,) int
        The neurons that are not zero at the start.
    shrink : (k,) float64
        The coefficients :math:`c_j`, the largest of them 1: :math:`\sum_j c_j q_j = 0` for the
        fit contributions :math:`q_j`, and :math:`\sum_j c_j \|w_j\| \ge 0`.
    """

    neurons: Int[np.ndarray, " k"]
    shrink: Float64[np.ndarray, " k"]

    def roots(self, t: float) -> Float64[np.ndarray, " k"]:
        """Return what multiplies both weights of each neuron at ``t`` between 0 and 1."""
        return np.sqrt(1.0 - t * self.shrink)


def minimal_network(network: TwoLayerNetwork, data: Dataset) -> TwoLayerNetwork:
    r"""Prune a network to at most ``rank`` of its fit contributions, never raising its loss.

    The neurons of each (pattern, sign) are merged first, which makes the network scaled; then
    the :func:`prunings` follow. At an optimum they do not change the penalty.

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
    merged = to_network(to_blocks(network, data).point)
    roots = np.ones(merged.width)
    for pruning in prunings(merged, data):
        roots[pruning.neurons] *= pruning.roots(1.0)
    live = roots > 0.0
    roots = roots[live]
    return TwoLayerNetwork(merged.hidden[live] * roots[:, None], merged.output[live] * roots)


def prunings(network: TwoLayerNetwork, data: Dataset) -> Iterator[Pruning]:
    r"""Remove neurons of a scaled network until their fit contributions are independent.

    Neurons that contribute nothing go first. While the contributions that are left are linearly
    dependent, :math:`\sum_j c_j q_j = 0`, the sign of ``c`` that does not raise
    :math:`\sum_j \|w_j\|` is taken. Neurons of zero weights are ignored.
    """
    neurons = np.flatnonzero(network.output)
    sizes = np.abs(network.output[neurons])
    units = network.hidden[neurons] / sizes[:, None]
    atoms = np.maximum(data.X @ units.T, 0.0) * np.sign(network.output[neurons])
    # |alpha_j| |w_j| of a scaled network: the norm of its block
    norms = sizes**2
    keep = np.arange(neurons.size)
    while (shrink := _shrinkage(atoms[:, keep] * norms[keep], norms[keep])) is not None:
        yield Pruning(neurons[keep], shrink)
        norms[keep] *= 1.0 - shrink
        keep = keep[shrink < 1.0]


def _shrinkage(
    contributions: Float64[np.ndarray, "n k"], norms: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"] | None:
    """Return the coefficients of the next pruning, if there is one."""
    peaks = np.abs(contributions).max(axis=0)
    dead = peaks < np.finfo(np.float64).tiny
    if dead.any():
        # a zero column in the null vector would set the others in motion by its rounding
        return np.asarray(dead, dtype=np.float64)
    direction = _null_vector(contributions, peaks)
    if direction is None:
        return None
    if direction.max() <= 0.0 or float(direction @ norms) < 0.0:
        direction = -direction
    shrink = np.minimum((1.0 / float(direction.max())) * direction, 1.0)
    shrink[np.argmax(direction)] = 1.0
    return shrink


def _null_vector(
    contributions: Float64[np.ndarray, "n k"], peaks: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " k"] | None:
    """Return a vector in the numerical null space of nonzero columns, if there is one."""
    n, k = contributions.shape
    if k == 0:
        return None
    # the squares of a tiny column are zero
    scale = np.maximum(np.linalg.norm(contributions, axis=0), peaks)
    _, values, vt = np.linalg.svd(contributions / scale, full_matrices=True)
    tolerance = max(n, k) * float(np.finfo(np.float64).eps) * float(values.max())
    if k <= n and float(values[-1]) > tolerance:
        return None
    return np.asarray(vt[-1] / scale)
