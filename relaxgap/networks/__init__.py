"""Two-layer networks: forward pass, maps to and from programs, pruning."""

from relaxgap.networks.mapping import NetworkBlocks, to_blocks, to_network
from relaxgap.networks.minimal import minimal_network
from relaxgap.networks.two_layer import TwoLayerNetwork

__all__ = ["NetworkBlocks", "TwoLayerNetwork", "minimal_network", "to_blocks", "to_network"]
