"""What a fit proves of itself."""

from dataclasses import dataclass

from relaxgap.analysis.solved_path import PathPoint
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class Certificate:
    """Hold the bracket of the optimum of the program that was solved.

    Parameters
    ----------
    primal_value : float
        Training loss of the network with its weight decay, a sum over samples.
    dual_value : float
        What no point of the program falls below.
    relative_gap : float
        Width of the bracket over ``primal_value``.
    status : Status
        How the work ended; the bracket holds whatever it says.
    beta : float
        Strength of weight decay.
    complete : bool
        Whether the program ranges over all patterns: only then does ``dual_value`` bound the
        networks of every width, and not only those of the patterns that were drawn.
    """

    primal_value: float
    dual_value: float
    relative_gap: float
    status: Status
    beta: float
    complete: bool

    @classmethod
    def of(cls, found: SolveResult | PathPoint, complete: bool) -> "Certificate":
        """Return the certificate of a result, or of a point of a path."""
        return cls(
            found.primal_value,
            found.dual_value,
            found.relative_gap,
            found.status,
            found.beta,
            complete,
        )
