"""The upper side of the global optimum: networks, each better than the one before.

First one wide network descends; then patterns that price high join those in use, in small programs
that are solved to their optimum, or where these take too long as neurons that slide.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates import DualCertificate
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.global_optimum.local_pricing import MAX_STARTS, random_starts, violators
from relaxgap.global_optimum.sliding import slide
from relaxgap.global_optimum.wide_descent import descend, random_network
from relaxgap.networks import TwoLayerNetwork, to_blocks, to_network
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, in_force
from relaxgap.numerics.limits import MAX_BITS_SOLVED_AT_ONCE
from relaxgap.patterns import predicted_count
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import Blocks, Program, Units, relu_program
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.solvers.base import Solution, Status
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

MAX_ADDED = 40
"""Violators of each sign that join in a round."""
MIN_RTOL = 1e-10
WIDE_STEPS = 600
"""Steps of the wide network before its dead neurons leave."""
MAX_WIDE_ROUNDS = 10
SLIDE_STEPS = 200
STALLED = 1e-4, 1e-3
"""Least and largest relative decrease with which a descent goes on: a tenth of the accuracy."""
PROGRAM_SHARE = 0.15
"""Fraction of the time left that one small program may take."""


class NetworkSearch:
    """Improve a network; every value is that of an actual network, its rounding added.

    Parameters
    ----------
    data : Dataset
        The data.
    beta : float
        Regularisation strength.
    rtol : float
        Relative accuracy the value is wanted to.
    rng : Generator
        Source of networks, of gates and of the starts of local pricing.
    start : TwoLayerNetwork, optional
        A network to improve on; otherwise the zero network.
    loss : Loss
        Of the fit.
    """

    def __init__(
        self,
        data: Dataset,
        beta: float,
        rtol: float,
        rng: np.random.Generator,
        start: TwoLayerNetwork | None = None,
        loss: Loss = SQUARED,
    ) -> None:
        self.data, self.beta, self.rtol, self.rng, self.loss = data, beta, rtol, rng, loss
        self.network = TwoLayerNetwork(np.zeros((0, data.d)), np.zeros(0))
        self.value = attained_loss(self.network, data, beta, loss)
        self.nu = self._dual_point()
        self.n_rounds = 0
        self.programs_are_slow = False
        self.units = self._units()
        self.stalled = float(np.clip(0.1 * rtol, *STALLED))
        if start is not None:
            self._keep(to_network(to_blocks(start, data).point))
            # which rounding, or neurons on a boundary, may leave better than merged
            self._keep(start)

    def descend_wide(self, deadline: Deadline = NEVER) -> Iterator[None]:
        """Descend from a wide random network until it stalls, handing control back on the way.

        Not where all patterns are few: programs over them end at sparser networks as fast.
        """
        n_bits = predicted_count(self.data.X).cover_count * self.data.n
        if self.units is None or n_bits <= MAX_BITS_SOLVED_AT_ONCE:
            return
        data, beta = self.units.scaled_data(self.data), self.beta / self.units.beta
        network, before = random_network(data, self.rng), np.inf
        for _ in range(MAX_WIDE_ROUNDS):
            network = descend(network, data, beta, WIDE_STEPS, self.stalled, deadline, self.loss)
            value = attained_loss(network, data, beta, self.loss)
            self._keep_descended(network)
            yield
            if deadline.has_passed or not value < (1.0 - self.stalled) * before:
                return
            before = value

    def solve_over_gaussian(self, n_gates: int, deadline: Deadline = NEVER) -> None:
        """Solve over the patterns of Gaussian gates and those in use."""
        self.add(self.rng.standard_normal((n_gates, self.data.d)), deadline)

    def improve(
        self, deadline: Deadline = NEVER, suggestions: Float64[np.ndarray, "s d"] | None = None
    ) -> bool:
        """Add what prices above ``beta``; False if nothing does or it gains next to nothing.

        Parameters
        ----------
        deadline : Deadline
            When the work gives up.
        suggestions : (s, d) float64, optional
            Directions to start the ascent from, instead of random ones.
        """
        before = self.value
        starts = random_starts(self.data, self.rng) if suggestions is None else suggestions
        active = self.network.hidden
        if active.shape[0] > MAX_STARTS:
            active = self.rng.permutation(active)[:MAX_STARTS]
        threshold = self.beta * (1.0 + 0.1 * self.rtol)
        starts = np.concatenate([active, starts])
        try:
            with in_force(deadline):
                found = violators(self.data.X, self.nu, threshold, starts, MAX_ADDED)
        except OutOfTimeError:
            return False
        if found.shape[0] == 0:
            return False
        self.add(found, deadline)
        return before - self.value > 0.1 * self.rtol * self.value

    def add(self, gates: Float64[np.ndarray, "k d"], deadline: Deadline = NEVER) -> None:
        """Improve over the patterns in use and those of the gates.

        By the program over these patterns; once one took more than its share of the time, by
        neurons that start along the gates.
        """
        if self.programs_are_slow:
            self._slide(gates, deadline)
            return
        blocks = to_blocks(self.network, self.data)
        program = self._program(np.concatenate([blocks.patterns.gates, gates]))
        w = np.zeros(program.shape)
        w[:, : blocks.patterns.n_patterns] = blocks.point.w
        self.solve(program, deadline.within(PROGRAM_SHARE), Blocks(w))

    def solve(
        self, program: Program, deadline: Deadline = NEVER, start: Blocks | None = None
    ) -> DualCertificate:
        """Solve over other patterns, keep the better network, and return the bracket."""
        warm = None
        if start is not None and np.any(start.w):
            nu = program.dual_point(start)
            warm = Solution(start, Status.RUNNING, DualCertificate(nu, self.value, 0.0), 0)
        solver = SemismoothNewton(max(0.1 * self.rtol, MIN_RTOL))
        solution = solver.solve(program, warm, deadline=deadline)
        self.n_rounds += 1
        self._keep(to_network(solution.point))
        self.programs_are_slow = solution.status is Status.TIME_LIMIT
        if self.programs_are_slow:
            # its dual point may be that of zero
            self.nu = self._dual_point()
        else:
            self.nu = solution.certificate.nu
        return solution.certificate

    def _slide(self, gates: Float64[np.ndarray, "k d"], deadline: Deadline) -> None:
        if self.units is None:
            return
        data, beta = self.units.scaled_data(self.data), self.beta / self.units.beta
        network = _scaled(self.network, np.sqrt(self.units.X / self.units.y))
        self._keep_descended(
            slide(network, gates, data, beta, SLIDE_STEPS, self.stalled, deadline, self.loss)
        )

    def _keep_descended(self, network: TwoLayerNetwork) -> None:
        """Keep a network of the scaled problem, if it is better, and its dual point."""
        assert self.units is not None
        network = _scaled(network, np.sqrt(self.units.y / self.units.X))
        merged = to_network(to_blocks(network, self.data).point)
        if self._keep(merged) or self._keep(network):
            self.nu = self._dual_point()

    def _units(self) -> Units | None:
        """Return the units to descend in; None without rows or labels, or where beta overflows."""
        units = Units.of(self._program(np.eye(1, self.data.d)))
        if units is None or not self.beta / np.finfo(np.float64).max < units.beta:
            return None
        return units

    def _keep(self, network: TwoLayerNetwork) -> bool:
        value = attained_loss(network, self.data, self.beta, self.loss)
        better = value < self.value
        if better:
            self.network, self.value = network, value
        return better

    def _program(self, gates: Float64[np.ndarray, "k d"]) -> Program:
        patterns = pattern_set_from_gates(self.data.X, gates)
        return relu_program(self.data, patterns, self.beta, loss=self.loss)

    def _dual_point(self) -> Float64[np.ndarray, " n"]:
        return np.asarray(self.loss.dual_point(self.network.predict(self.data.X), self.data.y))


def _scaled(network: TwoLayerNetwork, factor: float) -> TwoLayerNetwork:
    return TwoLayerNetwork(factor * network.hidden, factor * network.output)
