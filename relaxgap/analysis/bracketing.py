"""Follow a bracket, of a program or of the global optimum; whatever ends it, the last one holds."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from relaxgap.certificates.output_bias import OutputBias
from relaxgap.data.dataset import Dataset
from relaxgap.errors import RelaxgapError
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.global_optimum.with_bias import brackets_with_bias
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import Deadline
from relaxgap.problems import Program
from relaxgap.solvers.base import Followed, Solution, Solver, Status, unsolved
from relaxgap.solvers.bracketed import BracketSolution
from relaxgap.solvers.with_bias import rounds_with_bias


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


def on_lost_workers(n_lost: int) -> tuple[str, ...]:
    """Say that processes were lost, if any were; the bracket is as good as without them."""
    if not n_lost:
        return ()
    lost = "A worker process was" if n_lost == 1 else f"{n_lost} worker processes were"
    return (f"{lost} killed, frozen or not started; the work went on in the others.",)


Solved = TypeVar("Solved", GlobalSolution, Solution, BracketSolution[Any])


@dataclass(frozen=True, slots=True, eq=False)
class FollowedBracket(Generic[Solved]):
    """Hold the last bracket, all before it, and what ended the work early.

    Parameters
    ----------
    stopped : str
        Empty, ``interrupted``, or the error; the bracket holds whatever it says.
    """

    solution: Solved
    history: tuple[BracketPoint, ...]
    stopped: str


def follow(
    solver: GlobalSolver,
    data: Dataset,
    beta: float,
    start: TwoLayerNetwork | None,
    deadline: Deadline,
    on_progress: OnBracket,
    bias: OutputBias | None = None,
) -> FollowedBracket[GlobalSolution]:
    """Run the solver to its end, or to an interruption (Ctrl-C) or breakdown after a bracket.

    With an output bias it is run at one constant after another.

    Raises
    ------
    KeyboardInterrupt
        Before the first bracket only.
    """
    if bias is None:
        brackets = solver.brackets(data, beta, start, deadline=deadline)
    else:
        brackets = brackets_with_bias(solver, data, beta, bias, start, deadline=deadline)
    return _followed(
        brackets,
        lambda found: (found.seconds, found.bound),
        on_progress,
    )


def follow_rounds(
    solver: Solver,
    program: Program,
    proven_by: str,
    deadline: Deadline,
    on_progress: OnBracket,
    bias: tuple[OutputBias, float] | None = None,
) -> FollowedBracket[Solution]:
    """Run a solver of a program as `follow` does, with a bias to the accuracy beside it.

    A solver that shows no rounds is one piece of work: its bracket comes at the end.
    """
    began = time.perf_counter()
    if bias is None:
        rounds = _rounds(solver, program, deadline)
    else:
        rounds = rounds_with_bias(solver, program, *bias, deadline=deadline)
    return _followed(
        rounds,
        lambda found: (time.perf_counter() - began, proven_by),
        on_progress,
    )


def follow_solutions(
    rounds: Iterator[BracketSolution[Any]], on_progress: OnBracket, began: float
) -> FollowedBracket[BracketSolution[Any]]:
    """Run what yields networks with several outputs as `follow` does, from a moment on."""
    return _followed(
        rounds,
        lambda found: (
            time.perf_counter() - began,
            getattr(found.certificate, "proven_by", "") or "chosen_patterns",
        ),
        on_progress,
    )


def _rounds(solver: Solver, program: Program, deadline: Deadline) -> Iterator[Solution]:
    if isinstance(solver, Followed):
        yield from solver.rounds(program, deadline=deadline)
    else:
        yield unsolved(program)
        yield solver.solve(program, deadline=deadline)


def _followed(
    brackets: Iterator[Solved],
    described: Callable[[Solved], tuple[float, str]],
    on_progress: OnBracket,
) -> FollowedBracket[Solved]:
    def point(found: Solved) -> BracketPoint:
        seconds, proven_by = described(found)
        bracket = found.certificate
        return BracketPoint(
            seconds, bracket.dual_value, bracket.primal_value, bracket.relative_gap, proven_by
        )

    solution = next(brackets)
    history = [point(solution)]
    stopped = ""
    try:
        on_progress(history[-1])
        for solution in brackets:
            history.append(point(solution))
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
