r"""How far sampled relaxations and gradient methods are from the certified global optimum.

One cell solves the program over *all* patterns (the exact optimum), the Gaussian relaxations of
nested samples of gates, and trains networks from random starts, all on the same data and ``beta``.
It serves the figures against :math:`\log n` and against the width.

References
----------
Kim & Pilanci (2024), Theorems 1 to 3 and Figure 1.
"""

from dataclasses import dataclass, field

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import GapRecord as Record
from relaxgap.experiments.parts.contenders import contenders, solve_over
from relaxgap.experiments.parts.gates import SamplingAndEnumeration
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.patterns.enumeration import enumerate_patterns

__all__ = ["Record", "Settings", "run"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: ProgramRegularisation = field(default_factory=ProgramRegularisation)
    patterns: SamplingAndEnumeration = field(default_factory=SamplingAndEnumeration)
    solver: SolverSettings = field(default_factory=SolverSettings)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance exactly, by every relaxation and by every training method."""
    data = cell.load_data()
    everything = enumerate_patterns(data.X, limit=cell.settings.patterns.limit)
    beta = cell.settings.regularisation.resolve(data, everything)
    exact = solve_over(cell, data, beta, everything, "exact")
    return [exact, *contenders(cell, data, beta)]
