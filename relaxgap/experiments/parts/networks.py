"""Which networks an experiment trains: their widths and starts."""

from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.size_rules import size_of


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Give the widths to train and the number of random starts of each.

    Parameters
    ----------
    width : tuple of str
        Size rules (`size_of`).
    n_starts : int
        Random initialisations, trained in one batch.
    """

    width: tuple[str, ...] = ("4 n",)
    n_starts: int = 8

    def __post_init__(self) -> None:
        for rule in self.width:
            size_of(rule, 2, pruned_width=1)
        if self.n_starts < 1:
            raise ConfigurationError(
                f"Expected networks.n_starts >= 1, got {self.n_starts}; raise it."
            )
