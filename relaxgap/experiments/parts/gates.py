"""How many Gaussian gates an experiment draws, and how many patterns it may enumerate."""

from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.size_rules import size_of


@dataclass(frozen=True, slots=True)
class GateSampling:
    """Say how many Gaussian gates to draw.

    Parameters
    ----------
    n_gates : tuple of str
        Size rules (`size_of`); every sample starts with the smaller ones.
    """

    n_gates: tuple[str, ...] = ("8 log n",)

    def __post_init__(self) -> None:
        _check_rules(self.n_gates)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Say how many patterns may be enumerated.

    Parameters
    ----------
    limit : int
        Most patterns of a full enumeration.
    """

    limit: int = 2_000_000

    def __post_init__(self) -> None:
        _check_limit(self.limit)


@dataclass(frozen=True, slots=True)
class SamplingAndEnumeration:
    """Say both, where samples are compared with all patterns: `GateSampling`, `Enumeration`."""

    n_gates: tuple[str, ...] = ("8 log n",)
    limit: int = 2_000_000

    def __post_init__(self) -> None:
        _check_rules(self.n_gates)
        _check_limit(self.limit)


def _check_rules(n_gates: tuple[str, ...]) -> None:
    for rule in n_gates:
        size_of(rule, 2, d=1)


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise ConfigurationError(f"Expected patterns.limit >= 1, got {limit}; raise it.")
