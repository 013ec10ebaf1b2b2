"""Put together what is known of an optimal set: ranges, widths, values, proofs."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.optimal_set_record import OptimalSet, Unique
from relaxgap.analysis.preparation import Prepared
from relaxgap.certificates import feasible_dual
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.networks.optimal_set.approximate_pruning import prune
from relaxgap.networks.optimal_set.description import Description, Interval
from relaxgap.networks.optimal_set.hidden_cells import no_cell_is_missing
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.optimal_set.proven_dimension import ProvenDimension, proven_dimension
from relaxgap.networks.optimal_set.widths import widths
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns import PatternSet

MAX_PRUNED_WIDTH = 40
"""Width up to which a network is pruned neuron by neuron."""


def assembled(
    problem: Problem,
    prepared: Prepared,
    patterns: PatternSet,
    described: Description,
    rows: Float64[np.ndarray, "r e"],
    rng: np.random.Generator,
) -> OptimalSet:
    """Put together what is known of the set.

    Parameters
    ----------
    problem : Problem
        Whose optimal networks they are.
    prepared : Prepared
        What became of raw rows.
    patterns : PatternSet
        All open cells, as far as they could be told apart.
    described : Description
        The set.
    rows : (r, e) float64
        New rows, as those of the problem are.
    rng : numpy.random.Generator
        Of the directions in which vertices are looked for.
    """
    data, beta, loss = problem.data, problem.beta, problem.loss
    complete = no_cell_is_missing(problem, patterns, described.known)
    neurons, polytope = described.neurons, described.polytope
    vertices, all_vertices = polytope.vertices(rng)
    ranges = [described.weight_range(k) for k in range(neurons.n_neurons)]
    weights = [one.interval for one in ranges]
    ranges += [described.prediction_range(row) for row in rows]
    predictions = [one.interval for one in ranges[len(weights) :]]
    constant = described.constant_range()
    ranges.append(constant)
    used = np.array([complete and weight.proven_low > 0.0 for weight in weights], dtype=np.bool_)
    most = np.array([weight.proven_high for weight in weights])
    found = widths(described.bounds, polytope, described.fit, vertices, used, most)
    ends = {end.tobytes(): end for one in ranges for end in one.networks}
    shown = [found.smallest, found.largest, *ends.values()]
    primal_value = max(
        _attained(problem, prepared, neurons.network(c), described.constant(c)) for c in shown
    )
    dual_value = _proven_value(problem, prepared, described, primal_value)
    proven = proven_dimension(problem, patterns, described, vertices) if complete else None
    unique, proven_by = _uniqueness(proven)
    pairs = 2 * patterns.n_patterns
    smallest, largest = neurons.network(found.smallest), neurons.network(found.largest)
    return OptimalSet(
        unique=unique,
        proven_by=proven_by,
        dimension=polytope.dimension,
        dimension_low=proven.low if proven else 0,
        dimension_high=proven.high if proven else None,
        smallest_width_low=found.smallest_low if complete else 0,
        smallest_width=smallest.width,
        largest_width=largest.width,
        largest_width_high=min(found.largest_high, proven.rank_high) if proven else None,
        n_neurons=neurons.n_neurons,
        n_surely_used=int(used.sum()),
        n_in_doubt=int(np.count_nonzero(neurons.n_groups > 1)),
        cells_possibly_tight=described.cells.n_cells,
        cells_not_tight=pairs - described.cells.n_cells,
        n_vertices=len(vertices),
        all_vertices=all_vertices,
        primal_value=primal_value,
        dual_value=min(dual_value, primal_value),
        relative_gap=max(0.0, primal_value - dual_value) / primal_value if primal_value else 0.0,
        dual_radius=described.known.radius,
        largest_disagreement=max((one.high - one.low for one in predictions), default=None),
        beta=beta,
        beta_max=0.0,
        loss=loss.name,
        classes=prepared.classes,
        hidden_bias=prepared.biases.hidden,
        output_bias=prepared.biases.output,
        standardized=prepared.scaling is not None,
        n=data.n,
        d=data.d - prepared.has_hidden_bias,
        n_patterns=patterns.n_patterns,
        complete=complete,
        seconds=0.0,
        description=described,
        prepared=prepared,
        exact=proven.exact if proven else None,
        weights=_as_proven(weights, complete),
        predictions=_as_proven(predictions, complete),
        constant=(
            _as_proven([constant.interval], complete)[0] if prepared.has_output_bias else None
        ),
        vertices=vertices,
        smallest=prepared.network(smallest, described.constant(found.smallest), beta),
        largest=prepared.network(largest, described.constant(found.largest), beta),
        pruned=tuple(prune(smallest, problem)) if smallest.width <= MAX_PRUNED_WIDTH else (),
    )


def _attained(
    problem: Problem, prepared: Prepared, network: TwoLayerNetwork, constant: float
) -> float:
    """Return the loss of a network and a constant, rounding included."""
    data, loss = prepared.at(constant)
    value = attained_loss(network, data, problem.beta, loss)
    if not prepared.has_output_bias:
        return value
    return value + prepared.output_bias(problem.beta).cost(constant)


def _proven_value(
    problem: Problem, prepared: Prepared, described: Description, primal_value: float
) -> float:
    """Return what the dual point proves of the optimum."""
    nu, beta, largest = described.nu, problem.beta, described.largest_price
    if not prepared.has_output_bias:
        return feasible_dual(problem.data.y, nu, largest, beta, problem.loss)[1]
    scale = min(1.0, beta / largest * (1.0 - 4.0 * EPS)) if largest > 0.0 else 1.0
    return prepared.output_bias(beta).lower_bound(scale * nu, primal_value)[1]


def _uniqueness(proven: ProvenDimension | None) -> tuple[Unique, str]:
    if proven is None or not proven.proven_by:
        return "not told", ""
    return ("no" if proven.low > 0 else "yes"), proven.proven_by


def _as_proven(found: list[Interval], complete: bool) -> tuple[Interval, ...]:
    """Return the ranges; over cells that may not be all there are their outer ends say nothing."""
    if complete:
        return tuple(found)
    return tuple(replace(one, proven_low=-np.inf, proven_high=np.inf) for one in found)
