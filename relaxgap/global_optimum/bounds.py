"""The lower side of the global optimum: one bound after another, from cheap to exact.

Each way is a generator that does a piece of work and hands control back, so that whoever runs it
can look at the clock and at the bracket.
"""

import time
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, Units
from relaxgap.certificates.all_patterns.spectral import spectral_lower_bound, spectral_price
from relaxgap.certificates.duality import DualCertificate, feasible_dual
from relaxgap.certificates.prices.blocks import block_prices, violating_patterns
from relaxgap.global_optimum.search import MOST_ADDED, NetworkSearch
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import ConvexReLUProgram

MOST_ENUMERATED = 2_200_000
MOST_SOLVED_WHOLE = 1_000_000
"""Pattern bits up to which the program over all patterns is solved as it is."""
MOST_PRICINGS = 50
MOST_GATES = 500
SPECTRAL_SHARE = 0.3
"""Fraction of the time left that the spectral bound may take."""
MOST_LIFTED = 1500
"""Samples above which the matrices of the relaxation are too large."""
STEPS_PER_BOUND, STEPS_AT_ONCE, SECONDS_PER_BOUND = 50, 10, 2.0
MOST_BOUNDS_PER_SPLIT = 8
MOST_IDLE_BOUNDS, MOST_IDLE_SPLITS = 20, 25
SLACK = 0.5
"""Fraction of the relaxation's gap at which its own convergence is worth less than a split."""


class Bracket:
    """Hold the best lower bound beside the search for networks; neither side ever gets worse."""

    def __init__(self, search: NetworkSearch, rtol: float) -> None:
        self.search, self.rtol = search, rtol
        self.nu, self.lower, self.bound = 0.0 * search.data.y, 0.0, "closed_form"
        self.n_regions = 0

    @property
    def certificate(self) -> DualCertificate:
        """The bracket as a certificate."""
        value = self.search.value
        return DualCertificate(self.nu, value, min(self.lower, value))

    @property
    def is_closed(self) -> bool:
        """Whether the relative gap is reached."""
        return self.certificate.relative_gap <= self.rtol

    def offer(self, nu: Float64[np.ndarray, " n"], largest_price: float, bound: str) -> float:
        """Scale a dual point by a proven price over all neurons, and return what that proves."""
        scaled, value = feasible_dual(self.search.data.y, nu, largest_price, self.search.beta)
        self.accept(scaled, value, bound)
        return value

    def accept(self, nu: Float64[np.ndarray, " n"], value: float, bound: str) -> None:
        """Take a dual point that is feasible over all neurons; the better bound is kept."""
        if value > self.lower:
            self.nu, self.lower, self.bound = nu, value, bound


def closed_form(bracket: Bracket) -> None:
    r"""Bound every price by :math:`\min(\|X\|_2 \|\nu\|, \sum_i |\nu_i| \|x_i\|)`.

    References
    ----------
    Kim & Pilanci (2024), Proposition 4.
    """
    X = bracket.search.data.X
    lengths, norm = row_lengths(X), float(np.linalg.norm(X, 2))
    for nu in (bracket.search.data.y, bracket.search.nu):
        price = min(norm * float(np.linalg.norm(nu)), float(np.abs(nu) @ lengths))
        bracket.offer(nu, price * (1.0 + 1e-10), "closed_form")


def enumeration(bracket: Bracket) -> Iterator[None]:
    """Price every pattern at the search's dual point; violators go back to the search.

    A pattern set that may have missed a cell proves nothing and is not used.

    Raises
    ------
    EnumerationLimitError
        If there may be too many patterns.
    """
    search = bracket.search
    patterns = enumerate_patterns(search.data.X, limit=MOST_ENUMERATED)
    program = ConvexReLUProgram(search.data, patterns, search.beta)
    level = search.beta * (1.0 + 0.25 * bracket.rtol)
    for _ in range(MOST_PRICINGS if patterns.complete else 0):
        prices = block_prices(program, search.nu, level)
        bracket.offer(search.nu, prices.largest, "enumeration")
        yield
        rows = violating_patterns(program, search.nu, prices, MOST_ADDED)
        if rows.size == 0:
            break
        search.add(patterns.gates[rows])
    small = patterns.n_patterns * search.data.n <= MOST_SOLVED_WHOLE
    if patterns.complete and small and not bracket.is_closed:
        # badly scaled data: the whole program has dual points that the small ones do not
        certificate = search.solve(program)
        bracket.accept(certificate.nu, certificate.dual_value, "enumeration")
        yield


def maxcut(bracket: Bracket) -> Iterator[None]:
    r"""Bound the price without cones, :math:`\max_i \|X^\top D_i \nu\|`, by the MAX-CUT relaxation.

    References
    ----------
    Kim & Pilanci (2024), Section 3.4.
    """
    data = bracket.search.data
    for nu in (data.y, bracket.search.nu):
        towards = np.where(nu < 0.0, -1.0, 1.0)[:, None] * data.X
        bracket.offer(nu, spectral_price(towards, np.abs(nu)).bound, "maxcut")
        yield


def spectral(bracket: Bracket, end: float) -> Iterator[None]:
    """Find the best dual point that a spectral bound proves feasible.

    The search goes on from patterns drawn around the neurons of that relaxation, which are far
    better than those of Gaussian gates.
    """
    search = bracket.search
    share = SPECTRAL_SHARE * (end - time.monotonic())
    dual = spectral_lower_bound(search.data, search.beta, search.nu, seconds=max(share, 0.0))
    bracket.accept(dual.nu, dual.dual_value, "spectral")
    yield
    n_gates = min(search.data.n, MOST_GATES)
    search.add(dual.sample_gates(n_gates, search.rng), end)
    yield


def semidefinite(bracket: Bracket) -> Iterator[None]:
    """Solve the lifted relaxation over all neurons at once, without deciding an activation."""
    relaxation = _relaxation(bracket)
    idle = 0
    while relaxation is not None and idle < MOST_IDLE_BOUNDS:
        before = bracket.lower
        _advance(relaxation, bracket, "semidefinite")
        yield
        idle = idle + 1 if bracket.lower <= before * (1.0 + 0.01 * bracket.rtol) else 0


def branch_and_bound(bracket: Bracket) -> Iterator[None]:
    """Decide activations one at a time, where the relaxation leans on both sides of one.

    All regions share one relaxation, so a split anywhere moves the dual point for all of them.
    """
    relaxation = _relaxation(bracket)
    n_bounds = idle = 0
    while relaxation is not None and idle < MOST_BOUNDS_PER_SPLIT * MOST_IDLE_SPLITS:
        before = bracket.certificate.duality_gap
        lower = _advance(relaxation, bracket, "branch_and_bound")
        n_bounds += 1
        yield
        value = relaxation.value
        settled = value - lower < SLACK * (bracket.search.value - value)
        if settled or n_bounds == MOST_BOUNDS_PER_SPLIT:
            while bracket.search.improve(suggestions=relaxation.directions()):
                yield
            relaxation.split()
            n_bounds = 0
        idle = idle + 1 if bracket.certificate.duality_gap > 0.999 * before else 0


def _relaxation(bracket: Bracket) -> LiftedRelaxation | None:
    data, beta = bracket.search.data, bracket.search.beta
    units = Units.of(data, beta)
    if units is None or units.samples.size > MOST_LIFTED:
        return None
    return LiftedRelaxation(data, units)


def _advance(relaxation: LiftedRelaxation, bracket: Bracket, bound: str) -> float:
    """Take steps for a while, prove a bound, and return it."""
    end = time.monotonic() + SECONDS_PER_BOUND
    for _ in range(0, STEPS_PER_BOUND, STEPS_AT_ONCE):
        relaxation.advance(STEPS_AT_ONCE)
        if time.monotonic() > end:
            break
    nu, price = relaxation.price_bound()
    bracket.n_regions = len(relaxation.regions)
    return bracket.offer(nu, price, bound)
