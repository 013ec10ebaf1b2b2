"""Follow a bracket of the global optimum: one live line on a terminal, Ctrl-C keeps what holds."""

from dataclasses import dataclass, replace

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from relaxgap.cli.session import InterruptedRunError
from relaxgap.data.dataset import Dataset
from relaxgap.errors import RelaxgapError
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import TwoLayerNetwork
from relaxgap.solvers import Status


@dataclass(frozen=True, slots=True)
class BracketPoint:
    """Hold the bracket some seconds after the start."""

    seconds: float
    lower_bound: float
    upper_bound: float


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
    solver: GlobalSolver, data: Dataset, beta: float, start: TwoLayerNetwork | None = None
) -> FollowedBracket:
    """Run the solver and show its bracket on standard error if that is a terminal.

    Raises
    ------
    InterruptedRunError
        After Ctrl-C before the first bracket.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    history: list[BracketPoint] = []
    solution, stopped = None, ""
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("no bracket yet", total=None)
        try:
            for solution in solver.brackets(data, beta, start):
                found = solution.certificate
                history.append(BracketPoint(solution.seconds, found.dual_value, found.primal_value))
                progress.update(
                    task,
                    description=f"lower {found.dual_value:.6g}  upper {found.primal_value:.6g}  "
                    f"gap {100.0 * found.relative_gap:.2g}%  {solution.bound}",
                )
        except KeyboardInterrupt:
            stopped = "interrupted"
        except (RelaxgapError, ArithmeticError, MemoryError, ValueError) as error:
            if solution is None:
                raise
            # a breakdown on the way to a better bracket must not take this one with it
            stopped = f"stopped by {error!r}"
    if solution is None:
        raise InterruptedRunError("interrupted before the first bracket; nothing is written.")
    if stopped:
        status = Status.INTERRUPTED if stopped == "interrupted" else Status.FAILED
        solution = replace(solution, status=status)
    return FollowedBracket(solution, tuple(history), stopped)


def exit_if(stopped: str) -> None:
    """End a command as an interrupted run does, once its bracket is printed and written.

    Raises
    ------
    InterruptedRunError
        If the work did not come to its own end.
    """
    if stopped:
        raise InterruptedRunError(f"{stopped}; the bracket so far holds and is printed.")
