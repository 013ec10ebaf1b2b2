"""Which solver an experiment's convex programs go to, and how far."""

from dataclasses import dataclass

from relaxgap.solvers import registry
from relaxgap.solvers.base import Solver


@dataclass(frozen=True, slots=True)
class SolverSettings:
    """Name the solver and the certified relative gap to reach.

    Parameters
    ----------
    name : str
        One of `relaxgap.solvers.registry.NAMES`; a conic reference is the master of column
        generation.
    rtol : float
        Relative duality gap.
    """

    name: str = registry.DEFAULT
    rtol: float = 1e-6

    def __post_init__(self) -> None:
        self.solver()

    def solver(self) -> Solver:
        """Return the solver for pattern sets of any size, sampled or all."""
        return registry.make_for_any_size(self.name, self.rtol)
