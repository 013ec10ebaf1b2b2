"""A claim: what is stated, where, under which hypotheses, and how it is judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from relaxgap.theory.bound import Hypothesis
from relaxgap.theory.instance import Instance

Number = float | int | bool | None


class Kind(StrEnum):
    """How a claim can be judged; each status is the sentence that is printed."""

    SURE = "holds on every instance"
    LIKELY = "holds with probability at least 1 - delta"
    TREND = "is about growth, judged by fits"


class Outcome(StrEnum):
    """What the instances say of a claim; each status is the sentence that is printed."""

    HOLDS = "holds on all"
    RATE = "holds up to a failure rate"
    TREND = "trend fits"
    CORRECTED = "holds only as corrected"
    CONTRADICTED = "contradicted"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold the outcome of a check.

    Parameters
    ----------
    outcome : Outcome
        What the instances say.
    n_instances : int
        How many were looked at.
    detail : str
        The numbers behind it in half a sentence, or the instance that contradicts.
    """

    outcome: Outcome
    n_instances: int
    detail: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Hold what a claim says of one instance: ``left <= right``, if its hypotheses hold.

    Parameters
    ----------
    left, right : float
        The two sides, of which certified ends are used that a false claim would show on:
        a lower end on the left, an upper end on the right.
    hypotheses : tuple of Hypothesis
        What the claim assumes, and whether this instance satisfies it.
    quantities : mapping of str to number
        Everything on the way, by the names of ``--json``, which has None for what is not finite.
    """

    left: float
    right: float
    hypotheses: tuple[Hypothesis, ...] = ()
    quantities: Mapping[str, Number] = field(default_factory=dict)

    @property
    def applies(self) -> bool:
        """Whether all hypotheses hold."""
        return all(hypothesis.holds for hypothesis in self.hypotheses)

    @property
    def holds(self) -> bool:
        """Whether the inequality does."""
        return self.left <= self.right


@dataclass(frozen=True, slots=True)
class Claim:
    """Describe a result of the paper, or one that goes beyond it.

    Parameters
    ----------
    name : str
        Its id on the command line.
    source : str
        Where it is stated.
    statement : str
        In words.
    formula : str
        In plain symbols.
    kind : Kind
        How it can be judged.
    code : str
        Where the formula is computed.
    experiment : str
        Whose results it is judged by; "" if it is evaluated on drawn instances instead.
    check : callable or None
        From the summary of the experiment to a verdict.
    evaluate : callable or None
        What it says of the user's own instance.
    hypotheses : tuple of str
        What it assumes.
    """

    name: str
    source: str
    statement: str
    formula: str
    kind: Kind
    code: str
    experiment: str = ""
    check: Callable[[pd.DataFrame], Verdict] | None = None
    evaluate: Callable[[Instance], Evaluation] | None = None
    hypotheses: tuple[str, ...] = ()
