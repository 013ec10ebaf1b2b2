"""How wide a network must be for training to reach the global optimum, in units of ``m*``.

At ``m*`` neurons an optimal network exists; the landscape has no spurious valleys only from about
``n`` on. What gradient methods need lies in between and is measured here.

References
----------
Wang, Lacotte & Pilanci (2022), critical width; theory of descent paths for wider networks.
"""

from dataclasses import dataclass, field

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.run_records import RunRecord, run_fields
from relaxgap.experiments.parts.trained_runs import TRAINED_RTOL, trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan
from relaxgap.networks import minimal_network, structure_of


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: ScaledTrainingPlan = field(default_factory=ScaledTrainingPlan)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(RunRecord):
    """One row: one run.

    Parameters
    ----------
    width_rule : str
        The rule that the width follows, as ``2 m*``; the width itself is rounded.
    critical_width : int
        ``m*``: neurons of the optimal network after merging and pruning.
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    best_loss : float
        Least loss of the run.
    """

    width_rule: str
    critical_width: int
    optimum: float
    optimum_bound: float
    best_loss: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Find the critical width of one instance and train networks of multiples of it."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solution = cell.settings.optimum.solver().solve(data, beta)
    pruned = minimal_network(solution.network, data)
    # blocks that the solver's accuracy left above zero are no neurons of the optimum
    critical_width = structure_of(pruned, data, TRAINED_RTOL).n_live
    batches = trained_batches(cell, data, beta, critical_width=critical_width)
    # as `trained_batches` goes through them
    rules = (rule for _ in cell.settings.training.methods for rule in cell.settings.networks.width)
    return [
        Record(
            **run_fields(cell, data, beta, batch, k),  # type: ignore[arg-type]
            width_rule=rule,
            critical_width=critical_width,
            optimum=solution.certificate.primal_value,
            optimum_bound=solution.certificate.dual_value,
            best_loss=float(batch.trajectory.best_losses[k]),
        )
        for batch, rule in zip(batches, rules, strict=True)
        for k in range(len(batch.labels))
    ]
