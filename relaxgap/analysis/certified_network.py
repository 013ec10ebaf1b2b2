"""What certifying a network returns: the record that is printed, and what was found on the way."""

from dataclasses import dataclass

from relaxgap.analysis.bracketing import BracketPoint
from relaxgap.analysis.network_record import MEANINGS, CertifiedNetwork
from relaxgap.analysis.verdict import remarks, verdict
from relaxgap.networks import FittedNetwork, TwoLayerNetwork


@dataclass(frozen=True, slots=True, eq=False)
class NetworkReport(CertifiedNetwork):
    """Hold what is known about a network, and what was found on the way.

    Parameters
    ----------
    best : FittedNetwork
        The best network known, whose training loss is ``upper_bound``: the one given if none
        better was found.
    history : tuple of BracketPoint
        At least one.
    stopped : str
        Empty, ``interrupted``, or the error that ended the work early.
    """

    best: FittedNetwork
    history: tuple[BracketPoint, ...]
    stopped: str

    @property
    def best_network(self) -> TwoLayerNetwork:
        """The best network known; with ``has_bias`` the last column is the hidden bias."""
        network = self.best.network
        assert isinstance(network, TwoLayerNetwork)
        return network

    @property
    def verdict(self) -> str:
        """How good the network is, in one sentence."""
        return verdict(self)

    @property
    def remarks(self) -> list[str]:
        """What one has to know beside the verdict, in sentences."""
        return remarks(self)

    def __str__(self) -> str:
        return " ".join([*self.remarks, self.verdict])

    @property
    def record(self) -> CertifiedNetwork:
        """The plain scalars alone, as ``--json`` prints them."""
        return CertifiedNetwork(**{name: getattr(self, name) for name in MEANINGS})
