"""The timed process of a solver that relaxgap calls itself: ``python -m ... FOLDER``.

Everything of relaxgap is imported late: a process that counts operations must first change what
its modules will import.
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from relaxgap.experiments.timing.flops import install
from relaxgap.experiments.timing.lifetime import end_with
from relaxgap.experiments.timing.task import ABSENT, Answer, Task, perform, read_task

if TYPE_CHECKING:
    from relaxgap.problems import Program

# a conic solver's own tolerance as a fraction of the error to reach, the same for every instance:
# at it the measured error was 0.2 to 0.4 (Clarabel, SCS) or under 0.01 (ECOS) of the target
FRACTIONS = {"clarabel": 0.1, "scs": 0.1, "ecos": 1.0}
MAX_ITERATIONS = 10_000_000
"""The time limit is what ends a first-order solver."""


def main(folder: Path) -> int:
    """Perform the task of a folder and return the exit status."""
    end_with(os.getppid())
    task, problem = read_task(folder)
    counter = install() if task.count_flops else None
    from relaxgap.errors import MissingSolverError

    try:
        package, solve = _solver_of(task, _program_of(problem))
    except MissingSolverError as error:
        sys.stderr.write(f"{error}\n")
        return ABSENT

    def counted(tolerance: float) -> Answer:
        if counter is None:
            return solve(tolerance)
        counter.flops = 0.0
        answer = solve(tolerance)
        return Answer(answer.blocks, answer.n_iterations, flops=counter.flops)

    perform(folder, task, f"{package} {version(package)}", counted)
    return 0


def _program_of(problem: dict[str, np.ndarray]) -> "Program":
    from relaxgap.data.dataset import Dataset
    from relaxgap.patterns.pattern_set import PatternSet
    from relaxgap.problems import PROGRAMS
    from relaxgap.problems.losses import LOSSES

    data = Dataset(problem["X"], problem["y"])
    patterns = PatternSet(problem["packed"], problem["gates"], data.n)
    loss = LOSSES[str(problem["loss"])]
    return PROGRAMS[str(problem["family"])](data, patterns, float(problem["beta"]), loss=loss)


def _solver_of(task: Task, program: "Program") -> tuple[str, Callable[[float], Answer]]:
    """Return the package to name with the times, and the solve to a relative error."""
    from relaxgap.certificates import certify
    from relaxgap.experiments.timing import dense_interior_point
    from relaxgap.experiments.timing.settings import DENSE
    from relaxgap.solvers import ConicSolver, registry
    from relaxgap.solvers.references import REFERENCES

    if task.solver in REFERENCES:
        solver = ConicSolver(task.solver, max_iterations=MAX_ITERATIONS)  # type: ignore[arg-type]
        lower_bound = certify(program, program.zero()).dual_value

        def solve_conic(tolerance: float) -> Answer:
            own_tolerance = FRACTIONS[task.solver] * tolerance
            found = solver.solve_once(program, own_tolerance, lower_bound)
            if found is None:
                return Answer(None, 0)
            return Answer(found.point.w, found.n_iterations, found.compile_seconds)

        return task.solver, solve_conic

    if task.solver == DENSE:
        package = dense_interior_point.PACKAGE

        def solve_dense(tolerance: float) -> Answer:
            return dense_interior_point.solve(program, FRACTIONS[package] * tolerance)

        return package, solve_dense

    def solve_own(tolerance: float) -> Answer:
        solution = registry.make(task.solver, tolerance).solve(program)
        return Answer(solution.point.w, solution.n_iterations)

    return "relaxgap", solve_own


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
