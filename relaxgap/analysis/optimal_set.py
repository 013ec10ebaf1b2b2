"""All optimal networks of a problem: how many, how wide, and how much they disagree."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float64
from threadpoolctl import threadpool_limits

from relaxgap.analysis.inputs import as_float64, dataset_of, loss_of
from relaxgap.analysis.optimal_set_assembly import assembled
from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.analysis.preparation import Prepared, biases_of, prepare
from relaxgap.analysis.strength import Regularisation
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, DataError, EnumerationLimitError, NoUnitError
from relaxgap.networks.optimal_set.description import describe
from relaxgap.networks.optimal_set.known_optimum import refuse_several_fits
from relaxgap.networks.optimal_set.long_numbers import LONG, LongPoint
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.optimal_set.zero_network import zero_network
from relaxgap.patterns import PatternSet, enumerate_patterns, predicted_count
from relaxgap.patterns.counting import format_count
from relaxgap.problems import relu_program
from relaxgap.problems.biases import Bias
from relaxgap.solvers import registry
from relaxgap.solvers.with_bias import SHARE, rounds_with_bias

MAX_PATTERNS = 100_000
"""Patterns over which the set is described unless more are allowed."""
SOLVER_RTOL = 1e-10
"""Relative gap of the solve from which the set is refined."""


def optimal_set(
    X: Any,
    y: Any,
    beta: float | None = None,
    beta_fraction: float | None = None,
    loss: str = "squared",
    at: Any = None,
    against_rest: str | None = None,
    *,
    bias: bool = False,
    penalise: str | None = None,
    standardize: bool = False,
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
    bias : bool
        Give every hidden neuron a bias, a weight on a column of ones, and the output one that costs
        nothing: optimal networks may differ in it.
    penalise : str, optional
        ``all``: biases cost what weights do, and the output bias is one for all. ``weights`` is
        refused: a neuron that is active on every row can have any hidden bias there.
    standardize : bool
        Bring every column to mean 0 and variance 1 first; networks, and ``at``, take raw rows.
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
        If a setting is out of range, the loss has many optimal fits, or hidden biases are free.
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

    With biases the optimal networks have them too:

    >>> found = relaxgap.optimal_set(X, y, beta_fraction=0.1, bias=True, at=X[:1])
    >>> found.unique, found.smallest.has_bias
    ('yes', True)
    >>> at_first = float(found.smallest.predict(X[:1])[0])
    >>> found.predictions[0].proven_low <= at_first <= found.predictions[0].proven_high
    True

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
    biases = biases_of(bias, penalise)
    if biases.hidden is Bias.FREE:
        raise ConfigurationError(
            "Expected hidden biases that are penalised, got penalise=weights: the optimal networks "
            "are no polytope then, as a neuron that is active on every row can have any hidden "
            "bias there; take bias alone or penalise=all."
        )
    with threadpool_limits(limits=threads):
        prepared = prepare(data, classes, of_fit, biases, standardize, SOLVER_RTOL)
        patterns = _patterns(prepared.data, limit)
        absolute = strength.resolved(prepared, patterns)
        problem = Problem(prepared.data, absolute, of_fit, biases.output)
        unit = _least_strength(prepared, patterns)
        start = _solved(problem, prepared, patterns, unit)
        described = describe(problem, patterns, start)
        rng = np.random.default_rng(np.random.SeedSequence(seed))
        found = assembled(problem, prepared, patterns, described, prepared.rows(rows), rng)
    seconds = time.perf_counter() - began
    return replace(found, beta_max=unit, seconds=seconds)


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


def _least_strength(prepared: Prepared, patterns: PatternSet) -> float:
    """Return the least strength from which on no neuron is in use; 0 where none ever is."""
    of_one = Regularisation(beta_fraction=1.0, loss=prepared.loss)
    try:
        return of_one.resolved(prepared, patterns)
    except NoUnitError:
        return 0.0


def _solved(problem: Problem, prepared: Prepared, patterns: PatternSet, unit: float) -> LongPoint:
    """Return a nearly optimal network and dual point; at zero there is nothing to solve."""
    data, beta, loss = problem.data, problem.beta, problem.loss
    if beta >= unit:
        return zero_network(problem)[0]
    program = relu_program(data, patterns, beta, loss=loss)
    if prepared.has_output_bias:
        solver, of_bias = (
            registry.make(registry.DEFAULT, SHARE * SOLVER_RTOL),
            prepared.output_bias(beta),
        )
        *_, solution = rounds_with_bias(solver, program, of_bias, SOLVER_RTOL)
    else:
        solution = registry.make(registry.DEFAULT, SOLVER_RTOL).solve(program)
    w, nu = solution.point.w, solution.certificate.nu
    live = np.any(w != 0.0, axis=2)
    if prepared.has_output_bias and not live.any():
        return zero_network(problem)[0]
    signs = np.repeat(np.array(program.family.signs), np.count_nonzero(live, axis=1))
    if not np.any(nu != 0.0):
        output = program.fit(solution.point) + solution.constant
        nu = np.asarray(loss.dual_point(output, data.y))
    return LongPoint(w[live], signs, nu, LONG(solution.constant))
