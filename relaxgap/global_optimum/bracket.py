"""The bracket of the global optimum: the best of both sides so far."""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import DualCertificate, feasible_dual
from relaxgap.global_optimum.search import NetworkSearch
from relaxgap.numerics.workers import ALONE, Workers


class Bracket:
    """Hold the best lower bound beside the search for networks; neither side ever gets worse.

    Parameters
    ----------
    search : NetworkSearch
        The upper side: every value is that of an actual network.
    rtol : float
        Relative gap at which the bracket is closed.
    workers : Workers
        Processes that bounds may use.
    """

    def __init__(self, search: NetworkSearch, rtol: float, workers: Workers = ALONE) -> None:
        self.search, self.rtol, self.workers = search, rtol, workers
        self.nu, self.lower, self.bound = 0.0 * search.data.y, 0.0, "closed_form"
        self.n_regions = self.n_lost_workers = 0

    @property
    def certificate(self) -> DualCertificate:
        """The bracket as a certificate."""
        value = self.search.value
        return DualCertificate(self.nu, value, min(self.lower, value))

    @property
    def is_closed(self) -> bool:
        """Whether the relative gap is reached."""
        return self.certificate.relative_gap <= self.rtol

    def offer(self, nu: Float64[np.ndarray, " n"], price_bound: float, bound: str) -> float:
        """Scale a dual point by a proven price over all neurons, and return what that proves.

        Parameters
        ----------
        nu : (n,) float64
            Any dual point.
        price_bound : float
            An upper bound of its price over all neurons.
        bound : str
            Name of the bound that proved it.
        """
        scaled, value = feasible_dual(
            self.search.data.y, nu, price_bound, self.search.beta, self.search.loss
        )
        self.accept(scaled, value, bound)
        return value

    def accept(self, nu: Float64[np.ndarray, " n"], value: float, bound: str) -> None:
        """Take a dual point that is feasible over all neurons; the better bound is kept."""
        if value > self.lower:
            self.nu, self.lower, self.bound = nu, value, bound
