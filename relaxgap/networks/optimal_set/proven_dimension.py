"""Proofs that there is more than one optimal network, which no finite precision shows by itself."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.description import Description
from relaxgap.networks.optimal_set.exact import ExactOptimalSet, exact_optimal_set
from relaxgap.networks.optimal_set.linear_part import dimension_by_linear_part
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.patterns.pattern_set import PatternSet


@dataclass(frozen=True, slots=True)
class ProvenDimension:
    """Hold proven ends of the dimension of the optimal set, and what proves them.

    Parameters
    ----------
    low, high : int
        The dimension is between them.
    proven_by : str
        ``columns``: their independence is beyond all errors; ``linear_part`` or ``fractions``:
        there is more than one network, or they are decided. Empty where neither end is 0 or more.
    rank_high : int
        Rank of the columns of the neurons in use, at most: no vertex has more neurons.
    exact : ExactOptimalSet or None
        The set in fractions, where it is one.
    """

    low: int
    high: int
    proven_by: str
    rank_high: int
    exact: ExactOptimalSet | None = None


def proven_dimension(
    problem: Problem,
    patterns: PatternSet,
    described: Description,
    vertices: Float64[np.ndarray, "v k"],
) -> ProvenDimension:
    """Try the proofs in turn, from the cheapest on.

    Parameters
    ----------
    problem, patterns
        The problem, over all open cells.
    described : Description
        Its optimal set.
    vertices : (v, k) float64
        Some of its vertices.
    """
    if described.is_zero:
        return ProvenDimension(0, 0, "columns", 0)
    # the dimension is the number of neurons in use less the rank of their columns
    several, high = int(described.neurons.n_groups.sum()), described.neurons.dimension_high
    if high == 0:
        return ProvenDimension(0, 0, "columns", several)
    low = dimension_by_linear_part(problem, patterns, described)
    if low > 0:
        return ProvenDimension(low, high, "linear_part", several - low)
    exact = exact_optimal_set(problem, patterns, described, vertices)
    if exact is None:
        return ProvenDimension(0, high, "", several)
    low, high = exact.dimension_low, min(high, exact.dimension_high)
    proven_by = "fractions" if low > 0 or high == 0 else ""
    return ProvenDimension(low, high, proven_by, len(exact.columns) - low, exact)
