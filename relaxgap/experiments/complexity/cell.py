"""What the interior point method of Theorem 2 costs, and how good the network is that it buys.

The rows are those of `solver_comparison`, with a certified bracket of the optimum over networks of
every width beside them. Mapping a point to a network keeps its objective, so that a row's
``primal_value`` is the training loss of its network.

References
----------
Kim & Pilanci (2024), Theorem 2.
"""

from dataclasses import asdict, dataclass, field

from relaxgap.experiments.parts import solver_comparison
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.optimum import OptimumSettings


@dataclass(frozen=True, slots=True)
class Settings(solver_comparison.Settings):
    """What the experiment can vary."""

    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(solver_comparison.Record):
    """One row, as in `solver_comparison.Record`.

    Parameters
    ----------
    optimum, optimum_bound : float
        Certified bracket of the optimum over networks of every width.
    certificate : str
        How its lower end was proven.
    """

    optimum: float
    optimum_bound: float
    certificate: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Run every solver of the settings on one instance, then bracket the global optimum."""
    rows = solver_comparison.run(cell)
    data, solver = cell.load_data(), cell.settings.optimum.solver()
    # every sample of gates has a strength of its own
    brackets = {beta: solver.solve(data, beta) for beta in dict.fromkeys(row.beta for row in rows)}
    return [
        Record(
            **asdict(row),
            optimum=brackets[row.beta].certificate.primal_value,
            optimum_bound=brackets[row.beta].certificate.dual_value,
            certificate=brackets[row.beta].bound,
        )
        for row in rows
    ]
