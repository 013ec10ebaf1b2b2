"""Proofs that there is more than one optimal network, which no finite precision shows by itself."""

from dataclasses import dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.networks.optimal_set.description import Description
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.losses import Loss


@dataclass(frozen=True, slots=True)
class Several:
    """Hold a proven lower end of the dimension of the optimal set, and what proves it."""

    dimension_low: int
    proven_by: str


def several_optima(
    data: Dataset, beta: float, loss: Loss, patterns: PatternSet, described: Description
) -> Several:
    """Try the proofs in turn."""
    return Several(0, "")
