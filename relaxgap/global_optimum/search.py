"""The upper side of the global optimum: small programs over patterns found by local pricing."""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import DualCertificate, certify
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.local_pricing import random_starts, violators
from relaxgap.networks import TwoLayerNetwork, to_blocks, to_network
from relaxgap.numerics.clock import NEVER, Deadline, in_force
from relaxgap.patterns.pattern_set import PatternSet, pattern_set_from_gates
from relaxgap.problems import Blocks, Program, relu_program
from relaxgap.solvers.base import unsolved
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

MAX_ADDED = 40
"""Violators of each sign that join in a round."""
MIN_RTOL = 1e-10


class NetworkSearch:
    """Improve a network: solve over few patterns, price locally, exchange patterns.

    Every value is that of an actual network.

    Parameters
    ----------
    data : Dataset
        The data.
    beta : float
        Regularisation strength.
    rtol : float
        Relative accuracy the value is wanted to.
    rng : Generator
        Source of the gates and of the starts of local pricing.
    start : TwoLayerNetwork, optional
        A network to improve on; otherwise the zero network.
    """

    def __init__(
        self,
        data: Dataset,
        beta: float,
        rtol: float,
        rng: np.random.Generator,
        start: TwoLayerNetwork | None = None,
    ) -> None:
        self.data, self.beta, self.rtol, self.rng = data, beta, rtol, rng
        program = relu_program(data, pattern_set_from_gates(data.X, np.eye(1, data.d)), beta)
        self.patterns: PatternSet = program.patterns
        self.point: Blocks = program.zero()
        self.value = unsolved(program).certificate.primal_value
        self.nu = data.y
        self.n_rounds = 0
        if start is not None:
            self._start_from(start)

    @property
    def network(self) -> TwoLayerNetwork:
        """The best network so far."""
        return to_network(self.point)

    def solve_over_gaussian(self, n_gates: int, deadline: Deadline = NEVER) -> None:
        """Solve over the patterns of Gaussian gates and those in use."""
        self.add(self.rng.standard_normal((n_gates, self.data.d)), deadline)

    def improve(
        self, deadline: Deadline = NEVER, suggestions: Float64[np.ndarray, "s d"] | None = None
    ) -> bool:
        """Add what prices above ``beta`` and solve again; False if nothing does.

        Parameters
        ----------
        deadline : Deadline
            When the solve gives up.
        suggestions : (s, d) float64, optional
            Directions to start the ascent from, instead of random ones.
        """
        starts = random_starts(self.data, self.rng) if suggestions is None else suggestions
        active = [w[np.any(w != 0.0, axis=1)] for w in self.point.w]
        threshold = self.beta * (1.0 + 0.1 * self.rtol)
        starts = np.concatenate([*active, starts])
        with in_force(deadline):
            found = violators(self.data.X, self.nu, threshold, starts, MAX_ADDED)
        if found.shape[0] == 0:
            return False
        self.add(found, deadline)
        return True

    def add(self, gates: Float64[np.ndarray, "k d"], deadline: Deadline = NEVER) -> None:
        """Solve over the patterns in use and those of the gates; the better point is kept."""
        used = self.point.active_patterns
        gates = np.concatenate([self.patterns.gates[used], gates])
        patterns = pattern_set_from_gates(self.data.X, gates)
        self.solve(relu_program(self.data, patterns, self.beta), deadline)

    def solve(self, program: Program, deadline: Deadline = NEVER) -> DualCertificate:
        """Solve a program over other patterns and return its bracket; the better point is kept."""
        rtol = max(0.1 * self.rtol, MIN_RTOL)
        solution = SemismoothNewton(rtol).solve(program, deadline=deadline)
        self.n_rounds += 1
        self.nu = solution.certificate.nu
        self._keep(program, solution.point, solution.certificate.primal_value)
        return solution.certificate

    def _start_from(self, start: TwoLayerNetwork) -> None:
        blocks = to_blocks(start, self.data)
        if blocks.patterns.n_patterns:
            program = relu_program(self.data, blocks.patterns, self.beta)
            certificate = certify(program, blocks.point)
            self._keep(program, blocks.point, certificate.primal_value)

    def _keep(self, program: Program, point: Blocks, value: float) -> None:
        if value <= self.value:
            self.patterns, self.point, self.value = program.patterns, point, value
