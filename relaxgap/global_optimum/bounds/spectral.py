"""The best dual point that eigenvalues prove feasible."""

from collections.abc import Iterator

from relaxgap.certificates.all_patterns.spectral import spectral_lower_bound
from relaxgap.global_optimum.bounds.bound import Bound, any_size
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline

NAME = "spectral"
TIME_SHARE = 0.5
"""Fraction of the time left that the interior-point method may take."""


def improve(bracket: Bracket, deadline: Deadline) -> Iterator[None]:
    """Find the best dual point that a spectral bound proves feasible."""
    search = bracket.search
    dual = spectral_lower_bound(
        search.data, search.beta, search.nu, deadline=deadline.within(TIME_SHARE)
    )
    bracket.accept(dual.nu, dual.dual_value, NAME)
    yield


SPECTRAL = Bound(
    NAME,
    meaning="the eigenvalues of Shor's relaxation with the ReLU written out, as one interior point "
    "solve in the dual point and its multipliers",
    meant_for="thousands of samples; squared loss",
    suits=any_size,
    improve=improve,
    squared_only=True,
)
