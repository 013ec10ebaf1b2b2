"""What certifying a network measures, and what each number means."""

from dataclasses import dataclass
from typing import Literal

from relaxgap.data.classes import Classes
from relaxgap.global_optimum.bounds import meanings
from relaxgap.problems.biases import Bias
from relaxgap.solvers.base import Status

BetaSource = Literal["given", "fraction", "remembered", "implied"]
STRUCTURE_RTOL = 1e-4
NEARLY_STATIONARY = 1e-3
"""Largest residual at which a point is called stationary, and its kinks are looked at."""


@dataclass(frozen=True, slots=True)
class CertifiedNetwork:
    """Hold what is known about a network; ``MEANINGS`` says what each number is.

    None stands for what is not finite, or was not looked for: after an interruption, and of a loss
    with kinks what its gradient would say.
    """

    network_value: float
    lower_bound: float
    upper_bound: float
    certified_ratio: float | None
    certificate: str
    status: Status
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
    hidden_bias: Bias
    output_bias: Bias
    standardized: bool
    n: int
    d: int
    n_rounds: int
    n_regions: int
    threads: int
    seed: int
    loss: str
    classes: Classes | None


MEANINGS = {
    "network_value": "Training loss of this network: the loss of its outputs plus beta/2 times "
    "the sum of the squares of its weights.",
    "lower_bound": "No network of any width has a smaller training loss. This is proven.",
    "upper_bound": "Training loss of the best network known; never above network_value.",
    "certified_ratio": "network_value / lower_bound: how far from the best this network can be.",
    "certificate": meanings(),
    "status": "solved: the gap of the bracket reached rtol; the bounds hold whatever it says.",
    "relative_gap": "Width of the bracket [lower_bound, upper_bound] over its upper end.",
    "rtol": "The relative gap asked for.",
    "seconds": "Wall time of the bracket.",
    "beta": "Strength of the weight decay in the training loss.",
    "beta_source": "given, a fraction of the beta at which zero becomes optimal (as far as found "
    "in the time), remembered by the network's file, or implied: the one at which the weights are "
    "closest to stationary.",
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
    "has_bias": "Whether the network has hidden biases.",
    "hidden_bias": "What hidden biases cost in the problem: none, there are none; penalised, as "
    "weights on a column of ones; free, nothing.",
    "output_bias": "The same of the output bias.",
    "standardized": "Whether columns were brought to mean 0 and variance 1, or as the network's "
    "file says.",
    "n": "Samples.",
    "d": "Features, with the column of hidden biases if there is one.",
    "n_rounds": "Small programs solved in search of better networks.",
    "n_regions": "Regions of the last branch and bound; 0 without one.",
    "threads": "BLAS threads.",
    "seed": "Seed of drawn data and of the search.",
    "loss": "Of the outputs f(X): squared, 1/2 |f(X) - y|^2; logistic, the sum of "
    "log(1 + exp(-y f(x))); or hinge, the sum of the parts of 1 - y f(x) above 0.",
    "classes": "The names of the labels -1 and +1, or the only one; unknown where they are numbers "
    "to fit.",
}
