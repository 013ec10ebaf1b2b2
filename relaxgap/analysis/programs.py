"""What the verbs read off a program and its points."""

import numpy as np

from relaxgap.networks import TwoLayerNetwork, to_network
from relaxgap.networks.gated import GatedNetwork
from relaxgap.problems import Blocks, ConeBlocks, Program


def network_of_point(program: Program, point: Blocks) -> TwoLayerNetwork | GatedNetwork:
    """Return the network that a point of a program is."""
    if program.family.name == ConeBlocks.name:
        return to_network(point)
    active = np.flatnonzero(point.active_patterns)
    return GatedNetwork(program.patterns.gates[active], point.w[0, active])


def networks_of(program: str, complete: bool, n_patterns: int | None) -> str:
    """Name the networks whose optimum a bracket of the program holds."""
    kind = "two-layer" if program == ConeBlocks.name else "gated"
    networks = f"{kind} ReLU networks"
    if complete:
        return f"all {networks} of any width"
    return f"{networks} restricted to these {n_patterns} patterns"
