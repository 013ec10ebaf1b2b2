"""How often training within a budget of steps reaches the global optimum, against the width.

The width is in units of ``m_pruned``, that of one certified optimum after merging and pruning: an
upper bound of the least width m* of an optimal network. The landscape has no spurious valleys only
from about ``n`` neurons on (Wang, Lacotte & Pilanci 2022); what gradient methods need in practice
lies in between and is measured here, within the steps that the settings allow.
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
        The rule that the width follows, as ``2 m_pruned``; the width itself is rounded.
    pruned_width : int
        ``m_pruned``: neurons of the optimal network after merging and pruning.
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    best_loss : float
        Least loss of the run.
    """

    width_rule: str
    pruned_width: int
    optimum: float
    optimum_bound: float
    best_loss: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Prune one optimum of an instance and train networks of multiples of its width."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solution = cell.settings.optimum.solver().solve(data, beta)
    pruned = minimal_network(solution.network, data)
    # blocks that the solver's accuracy left above zero are no neurons of the optimum
    pruned_width = structure_of(pruned, data, TRAINED_RTOL).n_live
    batches = trained_batches(cell, data, beta, pruned_width=pruned_width)
    # as `trained_batches` goes through them
    rules = (rule for _ in cell.settings.training.methods for rule in cell.settings.networks.width)
    return [
        Record(
            **run_fields(cell, data, beta, batch, k),  # type: ignore[arg-type]
            width_rule=rule,
            pruned_width=pruned_width,
            optimum=solution.certificate.primal_value,
            optimum_bound=solution.certificate.dual_value,
            best_loss=float(batch.trajectory.best_losses[k]),
        )
        for batch, rule in zip(batches, rules, strict=True)
        for k in range(len(batch.labels))
    ]
