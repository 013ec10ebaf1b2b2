"""What the certified optimum costs: enumeration, then the program over all patterns.

Timed alone on one thread: run its cells one at a time (``runner: alone``).

References
----------
Cover (1965) for the count; Pilanci & Ergen (2020) for the program it makes exact.
"""

import time
import tracemalloc
from dataclasses import dataclass, field

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import Enumeration
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.numerics.limits import MAX_BITS_SOLVED_EXACTLY
from relaxgap.patterns import PatternSet, enumerate_patterns, predicted_count
from relaxgap.problems import relu_program
from relaxgap.solvers.base import Solution


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: ProgramRegularisation = field(default_factory=ProgramRegularisation)
    patterns: Enumeration = field(default_factory=Enumeration)
    solver: SolverSettings = field(default_factory=SolverSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance, enumerated and, unless it is too large, solved.

    Parameters
    ----------
    cover_count : int
        Cover's count for the rank and the distinct hyperplanes.
    enumeration_megabytes : float
        Peak of the arrays allocated by a second, traced enumeration.
    solve_seconds, n_iterations, relative_gap, active_blocks : number or None
        The solver to its ``rtol``; none if not solved.
    """

    data: str
    n: int
    d: int
    seed: int
    n_patterns: int
    cover_count: int
    complete: bool
    enumeration_seconds: float
    enumeration_megabytes: float
    beta: float | None
    primal_value: float | None
    relative_gap: float | None
    status: str
    active_blocks: int | None
    n_iterations: int | None
    solve_seconds: float | None


def run(cell: Cell[Settings]) -> list[Record]:
    """Enumerate one arrangement and certify the optimum over all of it."""
    data = cell.load_data()
    start = time.perf_counter()
    patterns = enumerate_patterns(data.X, limit=cell.settings.patterns.limit)
    enumeration_seconds = time.perf_counter() - start
    beta, solution, solve_seconds = None, None, None
    if patterns.n_patterns * data.n <= MAX_BITS_SOLVED_EXACTLY:
        beta = cell.settings.regularisation.resolve(data, patterns)
        solution, solve_seconds = _solve(cell.settings, data, patterns, beta)
    certificate = solution.certificate if solution else None
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            n_patterns=patterns.n_patterns,
            cover_count=predicted_count(data.X).cover_count,
            complete=patterns.complete,
            enumeration_seconds=enumeration_seconds,
            enumeration_megabytes=_traced_megabytes(cell.settings, data),
            beta=beta,
            primal_value=certificate.primal_value if certificate else None,
            relative_gap=certificate.relative_gap if certificate else None,
            status=solution.status if solution else "not solved",
            active_blocks=solution.point.active_blocks if solution else None,
            n_iterations=solution.n_iterations if solution else None,
            solve_seconds=solve_seconds,
        )
    ]


def _solve(
    settings: Settings, data: Dataset, patterns: PatternSet, beta: float
) -> tuple[Solution, float]:
    program = relu_program(data, patterns, beta)
    start = time.perf_counter()
    solution = settings.solver.solver().solve(program)
    return solution, time.perf_counter() - start


def _traced_megabytes(settings: Settings, data: Dataset) -> float:
    """Enumerate again under the tracer, which would have slowed the timed run."""
    tracemalloc.start()
    enumerate_patterns(data.X, limit=settings.patterns.limit)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
