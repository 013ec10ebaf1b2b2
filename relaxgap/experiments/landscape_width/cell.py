"""How wide a network must be for training to reach the global optimum, in units of ``m*``.

At ``m*`` neurons an optimal network exists; the landscape has no spurious valleys only from about
``n`` on. What gradient methods need lies in between and is measured here.

References
----------
Wang, Lacotte & Pilanci (2022), critical width; theory of descent paths for wider networks.
"""

from dataclasses import dataclass

from relaxgap.experiments.parts.run_records import RunRecord, run_fields
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.parts.trained_runs import trained_batches
from relaxgap.experiments.stationary_points.cell import TRAINED_RTOL
from relaxgap.networks import minimal_network, structure_of


@dataclass(frozen=True, slots=True)
class LandscapeRecord(RunRecord):
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


def landscape_width(spec: CellSpec) -> list[LandscapeRecord]:
    """Find the critical width of one instance and train networks of multiples of it."""
    data = spec.load_data()
    beta = spec.regularisation.resolve_by_ascent(data)
    solution = spec.optimum.solver().solve(data, beta)
    pruned = minimal_network(solution.network, data)
    # blocks that the solver's accuracy left above zero are no neurons of the optimum
    critical_width = structure_of(pruned, data, TRAINED_RTOL).n_live
    batches = trained_batches(spec, data, beta, critical_width=critical_width)
    # as `trained_batches` goes through them
    rules = (rule for _ in spec.training.methods for rule in spec.networks.width)
    return [
        LandscapeRecord(
            **run_fields(spec, data, beta, batch, run),  # type: ignore[arg-type]
            width_rule=rule,
            critical_width=critical_width,
            optimum=solution.certificate.primal_value,
            optimum_bound=solution.certificate.dual_value,
            best_loss=float(batch.trajectory.best_losses[run]),
        )
        for batch, rule in zip(batches, rules, strict=True)
        for run in range(len(batch.labels))
    ]
