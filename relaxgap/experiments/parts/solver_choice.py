"""Which solver an experiment's convex programs go to, and how far."""

from dataclasses import dataclass
from typing import Literal

from relaxgap.solvers.base import Solver
from relaxgap.solvers.column_generation import ColumnGeneration, master_rtol
from relaxgap.solvers.conic import ConicSolver
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton


@dataclass(frozen=True, slots=True)
class SolverSettings:
    """Name the solver and the certified relative gap to reach.

    Parameters
    ----------
    name : str
        ``semismooth_newton``, or the conic solver that is the master of column generation.
    rtol : float
        Relative duality gap.
    """

    name: Literal["semismooth_newton", "clarabel", "ecos", "scs"] = "semismooth_newton"
    rtol: float = 1e-6

    def __post_init__(self) -> None:
        self.solver()

    def solver(self) -> Solver:
        """Return the solver for pattern sets of any size, sampled or all."""
        if self.name == "semismooth_newton":
            return SemismoothNewton(self.rtol)
        return ColumnGeneration(self.rtol, ConicSolver(self.name, master_rtol(self.rtol)))
