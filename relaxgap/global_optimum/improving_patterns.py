r"""Activation patterns in which one more neuron would lower a network's training loss.

A neuron :math:`(\sqrt t u, \pm\sqrt t)` with :math:`\|u\| = 1` and small :math:`t > 0` changes the
loss by :math:`t (\beta \mp \nu^\top (Xu)_+)` to first order, with :math:`\nu = y - f(X)`: it pays
where the price exceeds :math:`\beta`, whether the network is stationary or not.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.local_pricing import ascend
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns.pattern_set import first_occurrences, patterns_of_gates
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True)
class ImprovingPatterns:
    """Hold what local ascent found: there may be more patterns and larger prices.

    Parameters
    ----------
    n_found : int
        Distinct patterns whose price exceeds ``beta`` by more than the tolerance.
    largest_price_ratio : float
        Largest price found over ``beta``; 1 at a global optimum other than zero.
    """

    n_found: int
    largest_price_ratio: float


def improving_patterns(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    rtol: float,
    starts: Float64[np.ndarray, "k d"],
    loss: Loss = SQUARED,
) -> ImprovingPatterns:
    r"""Find patterns in which a new neuron of either sign would lower the training loss.

    Parameters
    ----------
    network : TwoLayerNetwork
        Of the dimension of the data.
    data : Dataset
        The training data.
    beta : float
        Regularisation strength, positive.
    rtol : float
        A price counts above ``beta * (1 + rtol)``.
    starts : (k, d) float64
        Where the ascent starts, beside the network's own neurons.

    Notes
    -----
    Cost: 150 steps of O(n d (k + m)) time for each sign.
    """
    nu = loss.dual_point(network.predict(data.X), data.y)
    size = float(np.abs(nu).max())
    if size == 0.0:
        return ImprovingPatterns(0, 0.0)
    starts = np.concatenate([starts, network.hidden])
    packed, largest = [], 0.0
    for sign in (1.0, -1.0):
        # prices are homogeneous, and the residual of a diverged network may have no square
        directions, prices = ascend(data.X, sign * nu / size, starts)
        ratios = prices * (size / beta)
        largest = max(largest, float(ratios.max(initial=0.0)))
        packed.append(patterns_of_gates(data.X, directions[ratios > 1.0 + rtol]))
    return ImprovingPatterns(int(first_occurrences(np.concatenate(packed)).size), largest)
