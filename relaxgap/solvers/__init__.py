"""Solvers: semismooth Newton, column generation over all patterns, and conic references."""

from typing import TYPE_CHECKING

from relaxgap.lazy import importing

if TYPE_CHECKING:
    from relaxgap.solvers.base import Solution, Solver, Status
    from relaxgap.solvers.column_generation import ColumnGeneration
    from relaxgap.solvers.conic import ConicSolver
    from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton
else:
    # the registry of names is read by commands that solve nothing
    _BASE = dict.fromkeys(["Solution", "Solver", "Status"], f"{__name__}.base")
    __getattr__ = importing(
        __name__,
        {
            **_BASE,
            "ColumnGeneration": "relaxgap.solvers.column_generation",
            "ConicSolver": "relaxgap.solvers.conic",
            "SemismoothNewton": "relaxgap.solvers.newton.semismooth_newton",
        },
    )

__all__ = [
    "ColumnGeneration",
    "ConicSolver",
    "SemismoothNewton",
    "Solution",
    "Solver",
    "Status",
]
