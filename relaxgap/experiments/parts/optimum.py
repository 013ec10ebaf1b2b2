"""How well an experiment brackets the global optimum."""

from dataclasses import dataclass

from relaxgap.global_optimum.solver import GlobalSolver


@dataclass(frozen=True, slots=True)
class OptimumSettings:
    """Say how well the global optimum is to be bracketed and for how long.

    Parameters
    ----------
    rtol : float
        Relative gap of the bracket.
    max_seconds : float
        Time after which the bracket so far counts; looked at between pieces of work.
    """

    rtol: float = 1e-3
    max_seconds: float = 600.0

    def __post_init__(self) -> None:
        self.solver()

    def solver(self) -> GlobalSolver:
        """Return the solver of the global optimum."""
        return GlobalSolver(self.rtol, self.max_seconds)
