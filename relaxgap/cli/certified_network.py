"""What ``relaxgap certify`` measures of a network, and what each number means."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from relaxgap.cli.bracket_progress import FollowedBracket
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bounds import meanings
from relaxgap.global_optimum.improving_patterns import ImprovingPatterns, improving_patterns
from relaxgap.global_optimum.local_pricing import random_starts
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import (
    LoadedNetwork,
    TwoLayerNetwork,
    stationarity_residual,
    steepest_descent,
    structure_of,
)

BetaSource = Literal["given", "fraction", "implied"]
STRUCTURE_RTOL = 1e-4
NEARLY_STATIONARY = 1e-3
"""Largest residual at which a point is called stationary, and its kinks are looked at."""
ROUNDING = 1e-12
"""Relative size below which a better value may be nothing but rounding."""


@dataclass(frozen=True, slots=True)
class CertifiedNetwork:
    """Hold what is known about a network; ``MEANINGS`` says what each number is.

    None stands for what is not finite, or was not looked for after an interruption.
    """

    network_value: float
    lower_bound: float
    upper_bound: float
    certified_ratio: float | None
    certificate: str
    status: str
    relative_gap: float
    rtol: float
    seconds: float
    beta: float
    beta_source: BetaSource
    stationarity_residual: float | None
    steepest_slope: float | None
    better_network_found: bool
    improvement: float
    n_improving_patterns: int | None
    largest_price_ratio: float | None
    width: int
    n_live: int
    n_cells: int
    scaled: bool
    nearly_minimal: bool
    minimal: bool
    has_bias: bool
    n: int
    d: int
    n_rounds: int
    n_regions: int
    threads: int
    seed: int


MEANINGS = {
    "network_value": "Training loss of this network: 1/2 |f(X) - y|^2 + beta/2 times the sum of "
    "the squares of its weights.",
    "lower_bound": "No network of any width has a smaller training loss. This is proven.",
    "upper_bound": "Training loss of the best network known; never above network_value.",
    "certified_ratio": "network_value / lower_bound: how far from the best this network can be.",
    "certificate": meanings(),
    "status": "solved: the gap of the bracket reached rtol; the bounds hold whatever it says.",
    "relative_gap": "Width of the bracket [lower_bound, upper_bound] over its upper end.",
    "rtol": "The relative gap asked for.",
    "seconds": "Wall time of the bracket.",
    "beta": "Strength of the weight decay in the training loss.",
    "beta_source": "given, a fraction of the beta at which zero becomes optimal, or implied: the "
    "one at which the weights are closest to stationary.",
    "stationarity_residual": "Relative size of the smallest subgradient of the training loss: 0 "
    "at a stationary network, at most 1.",
    "steepest_slope": "Smallest one-sided directional derivative of the training loss, relative "
    "like the residual: 0 at a local minimum, and below minus the residual only on concave kinks; "
    f"computed where the residual is at most {NEARLY_STATIONARY:g}.",
    "better_network_found": "Whether upper_bound is below network_value by more than rounding.",
    "improvement": "network_value - upper_bound.",
    "n_improving_patterns": "Activation patterns found in which a new neuron would lower the loss "
    "(price above beta by more than rtol); there may be more.",
    "largest_price_ratio": "Largest price found over beta; at the best network no price exceeds "
    "beta.",
    "width": "Hidden neurons in the file.",
    "n_live": "Neurons that contribute to the output.",
    "n_cells": "Distinct pairs of activation pattern and output sign among them.",
    "scaled": f"Whether both weights of every neuron have one norm (to {STRUCTURE_RTOL:g}).",
    "nearly_minimal": "Whether it is scaled and the neurons of each cell point in one direction.",
    "minimal": "Whether it is scaled and no cell holds two neurons.",
    "has_bias": "Whether the data got a column of ones; the bias is then a weight like any other.",
    "n": "Samples.",
    "d": "Features, with the column of ones if there is one.",
    "n_rounds": "Small programs solved in search of better networks.",
    "n_regions": "Regions of the last branch and bound; 0 without one.",
    "threads": "BLAS threads.",
    "seed": "Seed of drawn data and of the search.",
}


def certified_network(
    loaded: LoadedNetwork,
    data: Dataset,
    beta: float,
    source: BetaSource,
    solver: GlobalSolver,
    followed: FollowedBracket,
    threads: int,
) -> CertifiedNetwork:
    """Measure a network against its bracket.

    After an interruption no patterns are looked for, and one during the look ends it.
    """
    network, solution = loaded.network, followed.solution
    value = network.training_loss(data, beta)
    upper = min(solution.certificate.primal_value, value)
    lower = min(solution.certificate.dual_value, value)
    structure = structure_of(network, data, STRUCTURE_RTOL)
    residual = _residual(network, data, beta)
    slope = None
    if residual is not None and residual <= NEARLY_STATIONARY:
        slope = steepest_descent(network, data, beta).relative_slope
    found = None
    if not followed.stopped:
        found = _improving(network, solution.network, data, beta, solver)
    return CertifiedNetwork(
        network_value=value,
        lower_bound=lower,
        upper_bound=upper,
        certified_ratio=_finite(value / lower) if lower > 0.0 else None,
        certificate=solution.bound,
        status=str(solution.status),
        relative_gap=(upper - lower) / upper if upper > 0.0 else 0.0,
        rtol=solver.rtol,
        seconds=solution.seconds,
        beta=beta,
        beta_source=source,
        stationarity_residual=residual,
        steepest_slope=slope,
        better_network_found=upper < value * (1.0 - ROUNDING),
        improvement=value - upper,
        n_improving_patterns=found.n_found if found else None,
        largest_price_ratio=_finite(found.largest_price_ratio) if found else None,
        width=network.width,
        n_live=structure.n_live,
        n_cells=structure.n_cells,
        scaled=structure.scaled,
        nearly_minimal=structure.nearly_minimal,
        minimal=structure.minimal,
        has_bias=loaded.has_bias,
        n=data.n,
        d=data.d,
        n_rounds=solution.n_rounds,
        n_regions=solution.n_regions,
        threads=threads,
        seed=solver.seed,
    )


def _improving(
    network: TwoLayerNetwork,
    better: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    solver: GlobalSolver,
) -> ImprovingPatterns | None:
    starts = random_starts(data, np.random.default_rng(solver.seed))
    try:
        return improving_patterns(
            network, data, beta, solver.rtol, np.concatenate([starts, better.hidden])
        )
    except KeyboardInterrupt:
        return None


def _residual(network: TwoLayerNetwork, data: Dataset, beta: float) -> float | None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return _finite(stationarity_residual(network, data, beta))
    except (ArithmeticError, ValueError):
        # the squares of a diverged network's gradient overflow
        return None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
