"""One instance with everything that claims ask of it, each number computed once."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.data.dataset import Dataset
from relaxgap.patterns import PatternSet, enumerate_patterns, predicted_count
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import gated_program, relu_program
from relaxgap.solvers import SemismoothNewton
from relaxgap.solvers.base import Solution
from relaxgap.theory import maxcut
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_of,
    largest_eigenvalue,
    least_eigenvalue,
    sampled_activation_gram,
)
from relaxgap.theory.gated_ratio import largest_gated_price
from relaxgap.theory.random_interpolation import DELTA, gates_needed

MAX_PRICED_BITS = 50_000_000
"""Pattern bits up to which the largest gated price is taken over all patterns: some seconds."""


@dataclass(frozen=True, eq=False)
class Instance:
    """Hold data, gates drawn for it and a strength.

    Parameters
    ----------
    data : Dataset
        Samples and labels.
    gates : (P, d) float64
        As drawn: equal patterns as often as they came.
    beta : float
        Positive.
    direction : (d,) float64 or None
        A direction for the sharpness of the first gate's cone.
    delta : float
        Failure probability of the claims that have one.
    rtol : float
        Relative gap of the programs.
    is_gaussian : bool
        Whether the rows were drawn as (A1) asks, which cannot be seen of them.
    """

    data: Dataset
    gates: Float64[np.ndarray, "P d"]
    beta: float
    direction: Float64[np.ndarray, " d"] | None = None
    delta: float = DELTA
    rtol: float = 1e-6
    is_gaussian: bool = False

    @property
    def n_gates(self) -> int:
        """Number of gates drawn, repeats counted."""
        return int(self.gates.shape[0])

    @cached_property
    def active(self) -> Bool[np.ndarray, "P n"]:
        """Patterns of the gates, repeats kept."""
        return np.asarray(self.gates @ self.data.X.T >= 0.0)

    @cached_property
    def patterns(self) -> PatternSet:
        """The distinct patterns."""
        return pattern_set_from_gates(self.data.X, self.gates)

    @cached_property
    def gram(self) -> Float64[np.ndarray, "n n"]:
        """M."""
        return activation_gram(self.data.X)

    @cached_property
    def sampled_gram(self) -> Float64[np.ndarray, "n n"]:
        """M^ of the gates, repeats kept."""
        return sampled_activation_gram(self.data.X, self.active)

    @cached_property
    def largest(self) -> float:
        """The largest eigenvalue L of X X', from above."""
        return largest_eigenvalue(self.data.X)

    @cached_property
    def least(self) -> float:
        """The least eigenvalue of M, from below; 0 if it may be singular."""
        return least_eigenvalue(self.gram)

    @cached_property
    def kappa(self) -> float:
        """The condition number, from above."""
        return condition_of(self.largest, self.least)

    @cached_property
    def has_enough_gates(self) -> bool:
        """Whether P~ >= 8 kappa log(n / delta)."""
        if not math.isfinite(self.kappa):
            return False
        return self.n_gates >= gates_needed(self.kappa, self.data.n, self.delta)

    @cached_property
    def all_patterns(self) -> PatternSet | None:
        """All patterns, where they are few enough to price."""
        predicted = predicted_count(self.data.X)
        if predicted.cover_count * self.data.n > MAX_PRICED_BITS:
            return None
        found = enumerate_patterns(self.data.X, limit=MAX_PRICED_BITS)
        return found if found.complete else None

    @cached_property
    def exact_price(self) -> float | None:
        """C_y over all patterns; None where they are too many."""
        everything = self.all_patterns
        if everything is None:
            return None
        return largest_gated_price(self.data.X, self.data.y, everything.patterns)

    @cached_property
    def cut(self) -> float | None:
        """The MAX-CUT value, where all cuts can be tried."""
        if self.data.n > maxcut.MAX_SAMPLES:
            return None
        return maxcut.largest_subset_price(self.data.X, self.data.y)[0]

    @cached_property
    def cut_bound(self) -> float:
        """The value of the MAX-CUT relaxation, at most L |y|^2."""
        return maxcut.subset_price_bound(self.data.X, self.data.y)

    @cached_property
    def price_bound(self) -> float:
        """C_y, or an upper bound of it."""
        exact = self.exact_price
        return math.sqrt(self.cut_bound) if exact is None else exact

    @cached_property
    def gated(self) -> Solution:
        """The gated program over the gates' patterns."""
        program = gated_program(self.data, self.patterns, self.beta)
        return SemismoothNewton(self.rtol).solve(program)

    @cached_property
    def relu(self) -> Solution:
        """The cone-constrained program over the gates' patterns: the relaxation."""
        program = relu_program(self.data, self.patterns, self.beta)
        return SemismoothNewton(self.rtol).solve(program)
