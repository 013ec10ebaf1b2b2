"""Networks narrower than any optimal one: which neuron to remove, and what that costs."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.polishing import solved
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.networks.two_layer import TwoLayerNetwork


@dataclass(frozen=True, slots=True, eq=False)
class PrunedNetwork:
    """Hold the best network over the directions that are left.

    Parameters
    ----------
    network : TwoLayerNetwork
        Its output weights are the best ones for its directions.
    constant : float
        Its output bias, the best one; 0 without one.
    removed : (d,) float64
        Unit direction of the neuron that went last.
    loss_value : float
        Training loss, regularisation included.
    """

    network: TwoLayerNetwork
    constant: float
    removed: Float64[np.ndarray, " d"]
    loss_value: float


def prune(network: TwoLayerNetwork, problem: Problem) -> list[PrunedNetwork]:
    r"""Remove one neuron after another, each time the one whose absence costs least.

    After each removal the weights of the others are solved for anew, a lasso over non-negative
    coefficients with fixed directions; so a loss is that of the best network over these directions.

    Parameters
    ----------
    network : TwoLayerNetwork
        Scaled, of moderate width.
    problem : Problem
        Whose loss it is.

    Returns
    -------
    list of PrunedNetwork
        One for each width from one less than that of the network down to 0.

    References
    ----------
    Mishkin & Pilanci (2023), approximate pruning beyond the minimal width.
    """
    sizes = np.linalg.norm(network.hidden, axis=1)
    units, signs = network.hidden / sizes[:, None], np.sign(network.output)
    found = []
    while len(signs):
        tried = []
        for k in range(len(signs)):
            left = np.delete(np.arange(len(signs)), k)
            lasso = solved(problem, units[left], signs[left], np.zeros(len(left)))
            pruned = _network(units[left], signs[left], lasso.weights)
            value = problem.training_loss(pruned, lasso.constant)
            tried.append((value, k, pruned, lasso.constant))
        value, k, pruned, constant = min(tried, key=lambda one: one[:2])
        found.append(PrunedNetwork(pruned, constant, units[k], value))
        units, signs = np.delete(units, k, axis=0), np.delete(signs, k)
    return found


def _network(
    units: Float64[np.ndarray, "k d"],
    signs: Float64[np.ndarray, " k"],
    c: Float64[np.ndarray, " k"],
) -> TwoLayerNetwork:
    live = c > 0.0
    roots = np.sqrt(c[live])
    return TwoLayerNetwork(units[live] * roots[:, None], signs[live] * roots)
