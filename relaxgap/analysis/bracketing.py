"""Follow a bracket of the global optimum; whatever ends the work, the bracket so far holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from relaxgap.data.dataset import Dataset
from relaxgap.errors import RelaxgapError
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import TwoLayerNetwork
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class BracketPoint:
    """Hold the bracket some seconds after the start, and how its lower end was proven."""

    seconds: float
    lower_bound: float
    upper_bound: float
    relative_gap: float
    certificate: str


OnBracket = Callable[[BracketPoint], None]
"""What a verb calls with every bracket, each inside the one before."""


def unseen(progress: object) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowedBracket:
    """Hold the last bracket, all before it, and what ended the work early.

    Parameters
    ----------
    stopped : str
        Empty, ``interrupted``, or the error; the bracket holds whatever it says.
    """

    solution: GlobalSolution
    history: tuple[BracketPoint, ...]
    stopped: str


def follow(
    solver: GlobalSolver,
    data: Dataset,
    beta: float,
    start: TwoLayerNetwork | None,
    on_progress: OnBracket,
) -> FollowedBracket:
    """Run the solver to its end, or to an interruption (Ctrl-C) or breakdown after a bracket.

    Raises
    ------
    KeyboardInterrupt
        Before the first bracket only.
    """
    brackets = solver.brackets(data, beta, start)
    solution = next(brackets)
    history = [_point(solution)]
    stopped = ""
    try:
        on_progress(history[-1])
        for solution in brackets:
            history.append(_point(solution))
            on_progress(history[-1])
    except KeyboardInterrupt:
        stopped = "interrupted"
    except (RelaxgapError, ArithmeticError, MemoryError, ValueError) as error:
        # a breakdown on the way to a better bracket must not take this one with it
        stopped = f"stopped by {error!r}"
    if stopped:
        status = Status.INTERRUPTED if stopped == "interrupted" else Status.FAILED
        solution = replace(solution, status=status)
    return FollowedBracket(solution, tuple(history), stopped)


def _point(solution: GlobalSolution) -> BracketPoint:
    found = solution.certificate
    return BracketPoint(
        solution.seconds, found.dual_value, found.primal_value, found.relative_gap, solution.bound
    )
