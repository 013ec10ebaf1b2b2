r"""Ascent in the labels on the ratio of the relaxation to the optimum over all patterns.

By the envelope theorem :math:`\nabla_y \log(\tilde p^* / p^*) = \tilde\nu / \tilde p^* - \nu / p^*`
for the dual optima of both programs. Labels keep their length, so that beta keeps its meaning. On
the way :math:`p^*` is that of the best network that a search finds, from above, so that a step
which is taken raises a proven lower end of the ratio.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import DualCertificate
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.search import NetworkSearch
from relaxgap.networks import TwoLayerNetwork
from relaxgap.patterns import PatternSet
from relaxgap.problems import relu_program
from relaxgap.solvers.base import Solver

SHRINK, GROW, LEAST_STEP = 0.4, 1.5, 1e-3
MAX_ROUNDS = 8
"""Rounds of the search for a network at one vector of labels."""
N_DIRECTIONS = 100
"""Random directions from which a round looks for patterns, beside the neurons in use."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Hold labels, both optima at them, and the direction in which the ratio rises.

    Parameters
    ----------
    relaxed : DualCertificate
        Of the relaxation.
    network : TwoLayerNetwork
        The best that the search found.
    lower : float
        What both prove of the ratio.
    slope : (n,) float64
        Of its logarithm, along the sphere.
    """

    y: Float64[np.ndarray, " n"]
    relaxed: DualCertificate
    network: TwoLayerNetwork
    lower: float
    slope: Float64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class Ascent:
    """Hold what does not change with the labels.

    Parameters
    ----------
    X : (n, d) float64
        The data.
    sampled : PatternSet
        Of the relaxation.
    beta : float
        Regularisation strength.
    solver : Solver
        Of the relaxation.
    rtol : float
        Relative accuracy of the search.
    rng : Generator
        Source of the directions from which the search looks for patterns.
    """

    X: Float64[np.ndarray, "n d"]
    sampled: PatternSet
    beta: float
    solver: Solver
    rtol: float
    rng: np.random.Generator

    def at(self, y: Float64[np.ndarray, " n"], network: TwoLayerNetwork) -> Labels:
        """Solve both programs at some labels; the search starts from a network and the sample."""
        data = Dataset(self.X, y)
        program = relu_program(data, self.sampled, self.beta)
        relaxed = self.solver.solve(program).certificate
        search = NetworkSearch(data, self.beta, self.rtol, self.rng, network)
        # also what was in use at labels where the network itself is now worse than none
        search.add(np.concatenate([self.sampled.gates, network.hidden]))
        for _ in range(MAX_ROUNDS):
            directions = self.rng.standard_normal((N_DIRECTIONS, data.d))
            if not search.improve(suggestions=directions):
                break
        slope = relaxed.nu / relaxed.primal_value - search.nu / search.value
        slope = slope - (slope @ y) / (y @ y) * y
        return Labels(y, relaxed, search.network, relaxed.dual_value / search.value, slope)

    def climb(self, labels: Labels, n_steps: int) -> tuple[Labels, int]:
        """Step along the slope as long as the proven ratio rises; the step adapts."""
        length, step = float(np.linalg.norm(labels.y)), 0.5
        for n_tried in range(n_steps):
            norm = float(np.linalg.norm(labels.slope))
            if norm == 0.0 or step < LEAST_STEP:
                return labels, n_tried
            y = labels.y + step * length * labels.slope / norm
            tried = self.at(y * (length / np.linalg.norm(y)), labels.network)
            if tried.lower > labels.lower:
                labels, step = tried, GROW * step
            else:
                step *= SHRINK
        return labels, n_steps
