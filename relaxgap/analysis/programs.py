"""Which networks the points of a program are, by the name of its family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from relaxgap.errors import ConfigurationError
from relaxgap.networks import TwoLayerNetwork, to_network
from relaxgap.networks.gated import GatedNetwork
from relaxgap.problems import Blocks, ConeBlocks, FreeBlocks, Program
from relaxgap.problems.one_column import NAME as NARROW
from relaxgap.problems.three_layer import NAME as THREE_LAYER
from relaxgap.problems.vector_output import NAME


def _gated(program: Program, point: Blocks) -> GatedNetwork:
    active = np.flatnonzero(point.active_patterns)
    return GatedNetwork(program.patterns.gates[active], point.w[0, active])


SEVERAL_OUTPUTS = "two-layer ReLU networks of several outputs"
THREE_LAYERS = "parallel three-layer ReLU networks"
NARROW_BRANCHES = "parallel narrow ReLU networks of this depth and any number of branches"


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """Say what networks are called in the plural, and make one of a program and its point."""

    plural: str
    of_point: Callable[[Program, Blocks], TwoLayerNetwork | GatedNetwork]


KINDS: Mapping[str, NetworkKind] = {
    ConeBlocks.name: NetworkKind(
        "two-layer ReLU networks", lambda program, point: to_network(point)
    ),
    FreeBlocks.name: NetworkKind("gated ReLU networks", _gated),
}


def kind_of(program: str) -> NetworkKind:
    """Return the networks that the points of a program are.

    Raises
    ------
    ConfigurationError
        If none are known of a family of this name: nothing may then be said of any network.
    """
    if program not in KINDS:
        raise ConfigurationError(
            f"Expected a program whose points are networks, {' or '.join(KINDS)}, got {program!r}; "
            "solve it with relaxgap.solvers, or say in relaxgap.analysis.programs which they are."
        )
    return KINDS[program]


def networks_of(program: str, complete: bool, n_patterns: int | None) -> str:
    """Name the networks whose optimum a bracket of the program holds."""
    if program == NARROW:
        return NARROW_BRANCHES
    if program == THREE_LAYER:
        restricted = f"{THREE_LAYERS} restricted to these {n_patterns} groups of patterns"
        return f"{THREE_LAYERS} of any number of sub-networks" if complete else restricted
    networks = SEVERAL_OUTPUTS if program == NAME else kind_of(program).plural
    if complete:
        return f"all {networks} of any width"
    return f"{networks} restricted to these {n_patterns} patterns"
