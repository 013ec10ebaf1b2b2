"""Two-layer networks: from files, maps to and from programs, pruning, structure, stationarity."""

from relaxgap.networks.fitted import FittedNetwork, Training
from relaxgap.networks.landscape.dead_neurons import dead_neuron_prices
from relaxgap.networks.landscape.descent import Descent, steepest_descent
from relaxgap.networks.landscape.descent_path import DescentPath, descent_path
from relaxgap.networks.landscape.minimal import minimal_network
from relaxgap.networks.landscape.stationarity import (
    Subgradient,
    implied_beta,
    minimum_subgradient,
    stationarity_residual,
)
from relaxgap.networks.landscape.structure import (
    NetworkStructure,
    activation_signs,
    live_neurons,
    structure_of,
)
from relaxgap.networks.landscape.subsampled import SubsampledProgram, subsampled_program
from relaxgap.networks.mapping import NetworkBlocks, to_blocks, to_network
from relaxgap.networks.reading.files import load_network
from relaxgap.networks.two_layer import TwoLayerNetwork

__all__ = [
    "Descent",
    "DescentPath",
    "FittedNetwork",
    "NetworkBlocks",
    "NetworkStructure",
    "Subgradient",
    "SubsampledProgram",
    "Training",
    "TwoLayerNetwork",
    "activation_signs",
    "dead_neuron_prices",
    "descent_path",
    "implied_beta",
    "live_neurons",
    "load_network",
    "minimal_network",
    "minimum_subgradient",
    "stationarity_residual",
    "steepest_descent",
    "structure_of",
    "subsampled_program",
    "to_blocks",
    "to_network",
]
