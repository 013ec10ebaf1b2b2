"""The two programs by name, and what the verbs read off their points."""

from collections.abc import Mapping

import numpy as np

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork, to_network
from relaxgap.networks.gated import GatedNetwork
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import ConvexReLUProgram, GatedReLUProgram, SplitBlocks
from relaxgap.solvers.base import Point, Program

PROGRAMS: Mapping[str, type[ConvexReLUProgram] | type[GatedReLUProgram]] = {
    "relu": ConvexReLUProgram,
    "gated": GatedReLUProgram,
}


def critical_beta(name: str, data: Dataset, patterns: PatternSet) -> float:
    """Return the least beta at which zero is optimal, rounded up."""
    return beta_max(data, patterns, PROGRAMS[name])


def network_of_point(program: Program, point: Point) -> TwoLayerNetwork | GatedNetwork:
    """Return the network that a point of a program is."""
    if isinstance(point, SplitBlocks):
        return to_network(point)
    active = np.flatnonzero(np.any(point.w != 0.0, axis=1))
    return GatedNetwork(program.patterns.gates[active], point.w[active])


def loss_and_penalty(program: Program, point: Point) -> tuple[float, float]:
    """Return both terms of the objective, the second without ``beta``."""
    residual = program.data.y - program.fit(point)  # type: ignore[arg-type]
    blocks = (point.u, point.v) if isinstance(point, SplitBlocks) else (point.w,)
    penalty = sum(float(np.linalg.norm(w, axis=1).sum()) for w in blocks)
    return 0.5 * float(residual @ residual), penalty


def networks_of(program: str, complete: bool, n_patterns: int | None) -> str:
    """Name the networks whose optimum a bracket of the program holds."""
    networks = "two-layer ReLU networks" if program == "relu" else "gated ReLU networks"
    if complete:
        return f"all {networks} of any width"
    return f"{networks} restricted to these {n_patterns} patterns"
