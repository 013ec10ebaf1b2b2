"""Solvers: conic references and column generation over all patterns."""

from relaxgap.solvers.base import Solution, Solver, Status
from relaxgap.solvers.column_generation import ColumnGeneration
from relaxgap.solvers.conic import ConicSolver
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

__all__ = [
    "ColumnGeneration",
    "ConicSolver",
    "SemismoothNewton",
    "Solution",
    "Solver",
    "Status",
]
