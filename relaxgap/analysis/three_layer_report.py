"""What ``certify`` returns of parallel three-layer networks."""

from dataclasses import dataclass, fields

from relaxgap.analysis.bracketing import BracketPoint
from relaxgap.analysis.network_record import BetaSource
from relaxgap.analysis.verdict import plain_verdict
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class ThreeLayerRecord:
    """Hold what ``relaxgap certify --json`` prints of parallel three-layer networks.

    Parameters
    ----------
    network_value : float
        Training loss of this network; first layers count as normalised.
    lower_bound : float
        No network of any number of sub-networks of this width has a smaller one. This is proven.
    upper_bound : float
        Training loss of the best network known; never above ``network_value``.
    certified_ratio : float or None
        ``network_value`` over ``lower_bound``; None where that is 0.
    certificate : str
        What proves the lower bound.
    status : Status
        Whether the bracket reached ``rtol``.
    relative_gap, rtol : float
        Width of the bracket over its upper end, and what was asked for.
    seconds : float
        Wall time of the bracket.
    beta : float
        Strength of the weight decay of the second and third layers.
    beta_source : str
        ``given``, ``fraction``, or ``implied`` by the weights.
    normalisation : str
        Of first layers.
    better_network_found : bool
        Whether ``upper_bound`` is below ``network_value`` by more than rounding.
    width, subnetwork_width, n, d : int
        Of the network and the data.
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
    normalisation: str
    better_network_found: bool
    width: int
    subnetwork_width: int
    n: int
    d: int


@dataclass(frozen=True, slots=True, eq=False)
class ThreeLayerReport(ThreeLayerRecord):
    """Hold the record, and what was found on the way.

    Parameters
    ----------
    best_network : ThreeLayerNetwork
        The best network known: the one given if none better was found.
    history : tuple of BracketPoint
        At least one.
    stopped : str
        Empty, ``interrupted``, or the error that ended the work early.
    """

    best_network: ThreeLayerNetwork
    history: tuple[BracketPoint, ...]
    stopped: str

    @property
    def verdict(self) -> str:
        """How good the network is, in one sentence."""
        return plain_verdict(self, "any number of sub-networks", "raise the time limit")

    def __str__(self) -> str:
        return self.verdict

    @property
    def record(self) -> ThreeLayerRecord:
        """The plain scalars alone, as ``--json`` prints them."""
        return ThreeLayerRecord(
            **{field.name: getattr(self, field.name) for field in fields(ThreeLayerRecord)}
        )
