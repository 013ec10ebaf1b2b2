"""All optimal networks of a problem: how many, how wide, and how much they disagree."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.analysis.inputs import as_float64, dataset_of, loss_of
from relaxgap.analysis.optimal_set_record import OptimalSet, Unique
from relaxgap.analysis.preparation import prepare
from relaxgap.analysis.strength import Regularisation
from relaxgap.certificates import beta_max, feasible_dual
from relaxgap.data.dataset import Dataset
from relaxgap.errors import DataError, EnumerationLimitError
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.networks.optimal_set.approximate_pruning import prune
from relaxgap.networks.optimal_set.description import Description, Interval, describe
from relaxgap.networks.optimal_set.known_optimum import refuse_several_fits
from relaxgap.networks.optimal_set.long_numbers import LongPoint
from relaxgap.networks.optimal_set.proven_dimension import ProvenDimension, proven_dimension
from relaxgap.networks.optimal_set.widths import widths
from relaxgap.patterns import PatternSet, enumerate_patterns, predicted_count
from relaxgap.patterns.counting import format_count
from relaxgap.problems import relu_program
from relaxgap.problems.biases import NO_BIASES
from relaxgap.problems.losses import Loss
from relaxgap.solvers import registry

MAX_PATTERNS = 100_000
"""Patterns over which the set is described unless more are allowed."""
SOLVER_RTOL = 1e-10
"""Relative gap of the solve from which the set is refined."""
MAX_PRUNED_WIDTH = 40
"""Width up to which a network is pruned neuron by neuron."""


def optimal_set(
    X: Any,
    y: Any,
    beta: float | None = None,
    beta_fraction: float | None = None,
    loss: str = "squared",
    at: Any = None,
    against_rest: str | None = None,
    *,
    limit: int = MAX_PATTERNS,
    seed: int = 0,
    threads: int = 1,
) -> OptimalSet:
    r"""Describe all optimal two-layer networks: their polytope, its vertices, their disagreement.

    For a strictly convex loss all optimal networks have one fit and one dual point
    :math:`\nu^*`, and their neurons are of finitely many directions :math:`\bar u_k`, those of
    price ``beta``:

    .. math:: \Theta^* = \{c \ge 0 : \textstyle\sum_k c_k s_k (X \bar u_k)_+ = \text{fit}^*\},

    up to the splitting of neurons. The dual point is known up to a proven radius, so that what is
    said of every optimal network is proven with room for it; what such a network can be is shown
    by networks, whose loss says how near to optimal they are.

    Parameters
    ----------
    X : (n, d) array
        One sample per row; at most ``limit`` activation patterns.
    y : (n,) array
        Labels; two classes of any names for the logistic loss.
    beta, beta_fraction : float
        Strength of the regularisation, exactly one: absolute, or as a fraction of the least beta
        at which the zero network is optimal.
    loss : str
        ``squared`` or ``logistic``. Under the hinge loss optimal networks have many fits.
    at : (r, d) array, optional
        New rows: how much can the predictions of two optimal networks differ there?
    against_rest : str, optional
        The class that is +1 against all others.
    limit : int
        Data that may have more patterns are refused.
    seed : int
        Of the directions in which vertices are looked for where they are too many to enumerate.
    threads : int
        BLAS threads.

    Returns
    -------
    OptimalSet
        ``str(result)`` is what it says.

    Raises
    ------
    DataError
        If the data or the rows cannot be used.
    ConfigurationError
        If a setting is out of range, or the loss has many optimal fits.
    EnumerationLimitError
        If there may be more than ``limit`` patterns.

    Examples
    --------
    Two neurons at an angle of 120 degrees, or the one between them:

    >>> import relaxgap
    >>> X, y = [[1, 1, 1, 1], [-1, -1, -1, 1]], [3, 3]
    >>> found = relaxgap.optimal_set(X, y, beta=2.0, at=[[1, 0, 0, 0]])
    >>> found.unique, found.dimension, found.smallest_width, found.largest_width
    ('no', 1, 1, 2)
    >>> [round(end, 6) + 0.0 for end in (found.predictions[0].low, found.predictions[0].high)]
    [0.0, 0.5]

    Labels of a generic sample leave one network:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((8, 3)), rng.standard_normal(8)
    >>> found = relaxgap.optimal_set(X, y, beta_fraction=0.1)
    >>> found.unique, found.smallest_width_low, found.smallest_width
    ('yes', 5, 5)

    References
    ----------
    Wang, Lacotte & Pilanci (2022); Mishkin & Pilanci (2023); Kim, Mishkin & Pilanci (2025), arXiv
    2411.07729.
    """
    began = time.perf_counter()
    of_fit = loss_of(loss)
    refuse_several_fits(of_fit)
    strength = Regularisation(beta, beta_fraction, loss=of_fit)
    data, classes = dataset_of(X, y, of_fit, against_rest)
    rows = _rows(at, data.d)
    with threadpool_limits(limits=threads):
        patterns = _patterns(data, limit)
        prepared = prepare(data, classes, of_fit, NO_BIASES, False, SOLVER_RTOL)
        absolute = strength.resolved(prepared, patterns)
        unit = beta_max(data, patterns, loss=of_fit)
        start = _solved(data, patterns, absolute, unit, of_fit)
        described = describe(data, absolute, of_fit, patterns, start)
        rng = np.random.default_rng(np.random.SeedSequence(seed))
        found = _assembled(data, absolute, of_fit, patterns, described, rows, rng)
    seconds = time.perf_counter() - began
    return replace(found, beta_max=unit, classes=classes, seconds=seconds)


def _patterns(data: Dataset, limit: int) -> PatternSet:
    count = predicted_count(data.X).cover_count
    if count > limit:
        raise EnumerationLimitError(
            f"Expected at most {limit:,} patterns for the whole optimal set, got data that may "
            f"have {format_count(count)}; take fewer rows or columns, or raise the limit."
        )
    return enumerate_patterns(data.X, limit=limit)


def _rows(at: Any, d: int) -> Float64[np.ndarray, "r d"]:
    if at is None:
        return np.zeros((0, d))
    rows = as_float64(at, "at")
    if rows.ndim != 2 or rows.shape[1] != d or not np.all(np.isfinite(rows)):
        raise DataError(
            f"Expected finite rows of {d} features in at, got shape {rows.shape}; give one row for "
            "each prediction."
        )
    return rows


def _solved(data: Dataset, patterns: PatternSet, beta: float, unit: float, loss: Loss) -> LongPoint:
    """Return a nearly optimal network and dual point; at zero there is nothing to solve."""
    if beta >= unit:
        at_zero = np.asarray(loss.dual_point(np.zeros(data.n), data.y))
        return LongPoint(np.zeros((0, data.d)), np.zeros(0), at_zero)
    program = relu_program(data, patterns, beta, loss=loss)
    solution = registry.make(registry.DEFAULT, SOLVER_RTOL).solve(program)
    w, nu = solution.point.w, solution.certificate.nu
    live = np.any(w != 0.0, axis=2)
    signs = np.repeat(np.array(program.family.signs), np.count_nonzero(live, axis=1))
    return LongPoint(
        w[live], signs, nu if np.any(nu != 0.0) else program.dual_point(solution.point)
    )


def _assembled(
    data: Dataset,
    beta: float,
    loss: Loss,
    patterns: PatternSet,
    described: Description,
    rows: Float64[np.ndarray, "r d"],
    rng: np.random.Generator,
) -> OptimalSet:
    """Put together what is known of the set."""
    complete = patterns.complete and patterns.shift is None
    neurons, polytope = described.neurons, described.polytope
    vertices, all_vertices = polytope.vertices(rng)
    ranges = [described.weight_range(k) for k in range(neurons.n_neurons)]
    weights = [one.interval for one in ranges]
    ranges += [described.prediction_range(row) for row in rows]
    predictions = [one.interval for one in ranges[len(weights) :]]
    used = np.array([complete and weight.proven_low > 0.0 for weight in weights], dtype=np.bool_)
    most = np.array([weight.proven_high for weight in weights])
    found = widths(described.bounds, polytope, described.fit, vertices, used, most)
    smallest, largest = neurons.network(found.smallest), neurons.network(found.largest)
    ends = {end.tobytes(): end for one in ranges for end in one.networks}
    networks = [smallest, largest, *map(neurons.network, ends.values())]
    primal_value = max(attained_loss(one, data, beta, loss) for one in networks)
    _, dual_value = feasible_dual(data.y, described.nu, described.largest_price, beta, loss)
    proven = proven_dimension(data, beta, loss, patterns, described, vertices) if complete else None
    unique, proven_by = _uniqueness(proven)
    pairs = 2 * patterns.n_patterns
    narrow = smallest.width <= MAX_PRUNED_WIDTH
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
        classes=None,
        n=data.n,
        d=data.d,
        n_patterns=patterns.n_patterns,
        complete=complete,
        seconds=0.0,
        description=described,
        exact=proven.exact if proven else None,
        weights=_as_proven(weights, complete),
        predictions=_as_proven(predictions, complete),
        vertices=vertices,
        smallest=smallest,
        largest=largest,
        pruned=tuple(prune(smallest, data, beta, loss)) if narrow else (),
    )


def _uniqueness(proven: ProvenDimension | None) -> tuple[Unique, str]:
    if proven is None or not proven.proven_by:
        return "not told", ""
    return ("no" if proven.low > 0 else "yes"), proven.proven_by


def _as_proven(found: list[Interval], complete: bool) -> tuple[Interval, ...]:
    """Return the ranges; over cells that may not be all there are their outer ends say nothing."""
    if complete:
        return tuple(found)
    return tuple(replace(one, proven_low=-np.inf, proven_high=np.inf) for one in found)
