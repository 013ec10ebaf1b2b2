r"""Relaxations and trained networks against a certified bracket of the global optimum, at scale.

Up to some 20 samples all patterns are priced; beyond, branch and bound on activations and spectral
bounds hold for all of them without listing one. The unit of a fraction of ``beta_max`` is the
largest price of the labels: over all patterns where they are few, as local ascent finds it beyond.

References
----------
Kim & Pilanci (2024), Theorems 1 and 3: ratios of at most :math:`C \sqrt{\log 2n}`.
"""

from dataclasses import asdict, dataclass, field

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import GapRecord, contenders, instance_of
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.training_plan import TrainingPlan


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(GapRecord):
    """One row, as in `GapRecord`.

    Parameters
    ----------
    certificate : str
        How the lower bound of ``global`` was proven; empty for the others.
    """

    certificate: str = ""


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the optimum of one instance, then measure every contender against it."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solution = cell.settings.optimum.solver().solve(data, beta)
    optimum = Record(
        **instance_of(cell, data, beta),  # type: ignore[arg-type]
        method="global",
        size_rule="",
        n_gates=None,
        n_patterns=None,
        width=None,
        start=None,
        status=solution.status,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        n_iterations=solution.n_rounds,
        solve_seconds=solution.seconds,
        certificate=solution.bound,
    )
    others = [Record(**asdict(row)) for row in contenders(cell, data, beta)]
    return [optimum, *others]
