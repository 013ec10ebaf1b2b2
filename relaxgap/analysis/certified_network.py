"""What certifying a network returns: the record that is printed, and what was found on the way."""

from dataclasses import dataclass

from relaxgap.analysis.bracketing import BracketPoint, on_lost_workers
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
    n_lost_workers : int
        Processes that were killed or frozen, whose work went on in the others.
    """

    best: FittedNetwork
    history: tuple[BracketPoint, ...]
    stopped: str
    n_lost_workers: int = 0

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
        return [*remarks(self), *on_lost_workers(self.n_lost_workers)]

    def __str__(self) -> str:
        return " ".join([*self.remarks, self.verdict])

    @property
    def record(self) -> CertifiedNetwork:
        """The plain scalars alone, as ``--json`` prints them."""
        return CertifiedNetwork(**{name: getattr(self, name) for name in MEANINGS})
