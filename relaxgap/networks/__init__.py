"""Two-layer networks: from files, maps to and from programs, pruning, structure, stationarity."""

from relaxgap.networks.files import LoadedNetwork, load_network, with_ones_column
from relaxgap.networks.mapping import NetworkBlocks, to_blocks, to_network
from relaxgap.networks.minimal import minimal_network
from relaxgap.networks.stationarity import (
    Subgradient,
    implied_beta,
    minimum_subgradient,
    stationarity_residual,
)
from relaxgap.networks.structure import NetworkStructure, structure_of
from relaxgap.networks.two_layer import TwoLayerNetwork

__all__ = [
    "LoadedNetwork",
    "NetworkBlocks",
    "NetworkStructure",
    "Subgradient",
    "TwoLayerNetwork",
    "implied_beta",
    "load_network",
    "minimal_network",
    "minimum_subgradient",
    "stationarity_residual",
    "structure_of",
    "to_blocks",
    "to_network",
    "with_ones_column",
]
