"""The regularisation strength of an experiment, absolute or as a fraction of ``beta_max``."""

import math
from dataclasses import dataclass

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.local_pricing import estimate_beta_max
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import ConvexReLUProgram, GatedReLUProgram

PROGRAMS: dict[str, type[ConvexReLUProgram] | type[GatedReLUProgram]] = {
    "relu": ConvexReLUProgram,
    "gated": GatedReLUProgram,
}


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
        for name, value in (("beta", self.beta), ("beta_fraction", self.beta_fraction)):
            if value is not None and not (value > 0.0 and math.isfinite(value)):
                raise ConfigurationError(
                    f"Expected a positive, finite {name}, got {value}; raise {name}."
                )

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

    def resolve_by_ascent(self, data: Dataset) -> float:
        """Return the absolute ``beta`` without a list of patterns.

        A fraction is one of the largest price of the labels that local ascent finds, which is
        ``beta_max`` over all patterns where it finds the global maximum.

        Raises
        ------
        ConfigurationError
            If that is zero.
        """
        if self.beta_fraction is None:
            return float(self.beta or 0.0)
        return _fraction_of(estimate_beta_max(data), self.beta_fraction)


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

    def resolve(self, data: Dataset, patterns: PatternSet) -> float:
        """Return the absolute ``beta``; a fraction is one of ``beta_max`` over ``patterns``.

        Raises
        ------
        ConfigurationError
            If ``beta_max`` is zero (``X`` or ``y`` vanishes), so that no fraction is positive.
        """
        if self.beta_fraction is None:
            return float(self.beta or 0.0)
        return _fraction_of(beta_max(data, patterns, PROGRAMS[self.program]), self.beta_fraction)


def _fraction_of(unit: float, fraction: float) -> float:
    if unit == 0.0:
        raise ConfigurationError(
            "Expected data with beta_max > 0, got beta_max = 0 (X or y is zero); give beta."
        )
    return fraction * unit
