"""Which beta ``solve`` and ``certify`` take where the patterns may be too many to enumerate."""

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.patterns import enumerate_patterns, predicted_count

MOST_BITS_ENUMERATED = 1_000_000
"""Patterns times samples up to which a program over all of them is solved at once."""


def is_small(data: Dataset) -> bool:
    """Whether the arrangement is small enough to enumerate without asking."""
    return predicted_count(data.X).bound * data.n <= MOST_BITS_ENUMERATED


def chosen_strength(
    beta: float | None, beta_fraction: float | None, program: str = "relu"
) -> ProgramRegularisation | None:
    """Return what ``--beta`` and ``--beta-fraction`` say, None if neither is given.

    Raises
    ------
    ConfigurationError
        If both are given or a value is out of range.
    """
    if beta is None and beta_fraction is None:
        return None
    if beta is not None and beta_fraction is not None:
        raise ConfigurationError(
            f"Expected one of --beta and --beta-fraction, got {beta} and {beta_fraction}; drop one."
        )
    return ProgramRegularisation(beta, beta_fraction, program)


def strength_over_all(strength: ProgramRegularisation, data: Dataset) -> float:
    """Return the absolute beta; the unit of a fraction is ``beta_max`` over all patterns.

    Over more patterns than `is_small` allows it is the largest price that local ascent finds.

    Raises
    ------
    ConfigurationError
        If ``beta_max`` is zero, so that no fraction is positive.
    """
    if strength.beta_fraction is None or not is_small(data):
        return strength.resolve_by_ascent(data)
    return strength.resolve(data, enumerate_patterns(data.X, limit=MOST_BITS_ENUMERATED))
