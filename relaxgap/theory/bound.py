"""What a theorem gives for an instance: a number, and whether what it assumes holds."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where a constant comes from; each status is the sentence that is printed."""

    STATED = "printed in the paper"
    DERIVED = "derived here from the proof"
    RECONSTRUCTED = "inferred from other constants of the paper, whose own display is lost"


@dataclass(frozen=True, slots=True)
class Constant:
    """Hold a number of a theorem and where it comes from.

    Parameters
    ----------
    value : float
        The number.
    origin : Origin
        Whether it is printed, derived or inferred.
    source : str
        The place in the paper, or the argument in words.
    """

    value: float
    origin: Origin
    source: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Hold something a theorem assumes and whether an instance satisfies it.

    Parameters
    ----------
    statement : str
        In words and symbols.
    holds : bool
        Whether it does.
    """

    statement: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """Hold what a theorem says of a number, and what it assumes.

    Parameters
    ----------
    value : float
        The bound; infinite (or 0, from below) where it says nothing.
    hypotheses : tuple of Hypothesis
        All that the theorem assumes of the instance.
    """

    value: float
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the instance satisfies all hypotheses."""
        return all(hypothesis.holds for hypothesis in self.hypotheses)
