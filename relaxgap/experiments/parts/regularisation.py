"""The regularisation strength of an experiment, absolute or as a fraction of ``beta_max``."""

from dataclasses import dataclass

from relaxgap.analysis.strength import Regularisation as Strength
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import PROGRAMS
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True)
class Regularisation:
    """Give ``beta`` absolutely or as a fraction of the critical regularisation, exactly one.

    Parameters
    ----------
    beta : float or None
        Absolute strength.
    beta_fraction : float or None
        Fraction of ``beta_max`` over all patterns.
    """

    beta: float | None = None
    beta_fraction: float | None = 0.1

    def __post_init__(self) -> None:
        if (self.beta is None) == (self.beta_fraction is None):
            raise ConfigurationError(
                f"Expected exactly one of beta and beta_fraction, got beta={self.beta} and "
                f"beta_fraction={self.beta_fraction}; set the other one to null."
            )
        Strength(self.beta, self.beta_fraction)

    def absolute(self) -> float:
        """Return ``beta`` for an experiment whose patterns cannot be enumerated.

        Raises
        ------
        ConfigurationError
            If only a fraction of ``beta_max`` was given.
        """
        if self.beta is None:
            raise ConfigurationError(
                "Expected an absolute beta where patterns are not enumerated, got beta_fraction="
                f"{self.beta_fraction}; beta_max needs all of them. Set "
                "regularisation.beta=0.1 regularisation.beta_fraction=null."
            )
        return self.beta

    def resolve_over_all(self, data: Dataset) -> float:
        """Return the absolute ``beta``; a fraction is one over all patterns, as in `Strength`."""
        return Strength(self.beta, self.beta_fraction).resolve_over_all(data)


@dataclass(frozen=True, slots=True)
class ProgramRegularisation(Regularisation):
    """Give ``beta`` in the unit of one of the convex programs, whose patterns are listed.

    Parameters
    ----------
    program : str
        Whose ``beta_max`` is the unit of the fraction: ``relu`` or ``gated``.
    """

    program: str = "relu"

    def __post_init__(self) -> None:
        # super() without arguments does not work in a dataclass with slots
        Regularisation.__post_init__(self)
        if self.program not in PROGRAMS:
            raise ConfigurationError(
                f"Expected regularisation.program in {sorted(PROGRAMS)}, got {self.program!r}; "
                "choose one."
            )

    def resolve(self, data: Dataset, patterns: PatternSet, loss: Loss = SQUARED) -> float:
        """Return the absolute ``beta``; a fraction is one of ``beta_max`` over ``patterns``."""
        return Strength(self.beta, self.beta_fraction, self.program, loss).resolve(data, patterns)
