r"""Maps between points of the cone-constrained program and networks, in both directions."""

from dataclasses import dataclass

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.patterns.pattern_set import PatternSet, distinct_rows, patterns_of_gates
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.families import ConeBlocks


def to_network(point: Blocks) -> TwoLayerNetwork:
    r"""Map every nonzero block to one neuron without changing the objective.

    :math:`w_{s,i} \ne 0` gives :math:`(w_{s,i}/\sqrt{\|w_{s,i}\|}, s\sqrt{\|w_{s,i}\|})` for the
    sign :math:`s = \pm 1`. For a point in its cones the network's training loss equals the
    program's value, at an optimum or not.

    References
    ----------
    Pilanci & Ergen (2020), Theorem 1.
    """
    neurons, outputs = [], []
    for blocks, sign in zip(point.w, ConeBlocks.signs, strict=True):
        norms = np.linalg.norm(blocks, axis=1)
        active = np.flatnonzero(norms > 0.0)
        roots = np.sqrt(norms[active])
        neurons.append(blocks[active] / roots[:, None])
        outputs.append(sign * roots)
    return TwoLayerNetwork(np.concatenate(neurons), np.concatenate(outputs))


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBlocks:
    """Hold a network as a point over its own patterns."""

    patterns: PatternSet
    point: Blocks


def to_blocks(network: TwoLayerNetwork, data: Dataset) -> NetworkBlocks:
    r"""Merge the neurons of each (pattern, sign) into one block of the convex program.

    Neuron :math:`(w_j, \alpha_j)` adds :math:`|\alpha_j| w_j` to the block of its pattern and the
    sign of :math:`\alpha_j`. Predictions stay the same and the objective never rises; it is
    unchanged iff the network is scaled and the neurons of a block are positively collinear.

    References
    ----------
    Wang, Lacotte & Pilanci (2022), the map from minimal networks to the optimal set.
    """
    live = np.flatnonzero((network.output != 0.0) & np.any(network.hidden != 0.0, axis=1))
    hidden, output = network.hidden[live], network.output[live]
    packed = patterns_of_gates(data.X, hidden)
    kept, block_of = distinct_rows(packed)
    w = np.zeros((2, kept.size, data.d))
    np.add.at(w, ((output < 0.0).astype(np.intp), block_of), np.abs(output)[:, None] * hidden)
    return NetworkBlocks(PatternSet(packed[kept], hidden[kept], data.n), Blocks(w))
