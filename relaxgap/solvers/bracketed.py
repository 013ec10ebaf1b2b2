"""One bracket after another under a deadline; whatever ends the work, the last one holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.solvers.base import Status


@runtime_checkable
class Bracketing(Protocol):
    """A point and a dual point with the values that they prove."""

    @property
    def primal_value(self) -> float:
        """Upper end."""
        ...

    @property
    def dual_value(self) -> float:
        """Lower end."""
        ...

    @property
    def relative_gap(self) -> float:
        """Width of the bracket over its upper end."""
        ...

    def with_better(self, other: Any) -> Any:
        """Return the better point and the better dual point of two brackets of one problem."""
        ...


Found = TypeVar("Found", bound=Bracketing)


@dataclass(frozen=True, slots=True, eq=False)
class BracketSolution(Generic[Found]):
    """Hold a network and its proof.

    Parameters
    ----------
    certificate : VectorBracket, NuclearBracket or ThreeLayerBracket
        Network, dual point, and both ends.
    status : Status
        ``solved`` means that the relative gap reached what was asked for.
    n_iterations : int
        Brackets so far.
    """

    certificate: Found
    status: Status
    n_iterations: int


def solutions(
    first: Found, rounds: Iterator[Found], rtol: float, deadline: Deadline
) -> Iterator[BracketSolution[Found]]:
    """Yield solutions, each bracket inside the one before; the first comes at once.

    Parameters
    ----------
    first : VectorBracket, NuclearBracket or ThreeLayerBracket
        Costs nothing.
    rounds : iterator of such
        Need not lie in each other; no round begins after the deadline.
    rtol : float
        Relative gap to reach.
    deadline : Deadline
        Of all of it.
    """
    best, count, status = first, 0, Status.RUNNING
    yield BracketSolution(best, status, count)
    while status is Status.RUNNING:
        try:
            with in_force(deadline):
                best, count = best.with_better(next(rounds)), count + 1
        except StopIteration:
            status = Status.INACCURATE
        except OutOfTimeError:
            status = Status.TIME_LIMIT
        if best.relative_gap <= rtol:
            status = Status.SOLVED
        elif deadline.has_passed:
            status = Status.TIME_LIMIT
        yield BracketSolution(best, status, count)
