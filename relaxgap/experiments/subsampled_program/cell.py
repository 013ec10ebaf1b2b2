"""Whether a stationary network is optimal over its own patterns, Eq. (19).

With one block for each (pattern, sign) of a live neuron the program's optimum is the loss of the
network; with both signs for every pattern it can be smaller, and it depends on how the bits on
the boundary are set.

References
----------
Kim & Pilanci (2024), Eq. (19) and the proof of Theorem 3; Wang, Lacotte & Pilanci (2022).
"""

from dataclasses import dataclass, field
from typing import Literal

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.run_records import RunRecord, run_fields
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.trained_runs import TRAINED_RTOL, trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan
from relaxgap.networks import stationarity_residual, subsampled_program

BOUNDARIES: tuple[Literal["active", "inactive"], ...] = ("active", "inactive")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    solver: SolverSettings = field(default_factory=SolverSettings)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: ScaledTrainingPlan = field(default_factory=ScaledTrainingPlan)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(RunRecord):
    """One row: one run and one setting of its bits on the boundary.

    Parameters
    ----------
    boundary : str
        How bits on the boundary are set: ``active`` or ``inactive``.
    residual : float
        Relative distance of 0 from the Clarke subdifferential at the last network.
    n_boundary_bits : int
        Such bits among live neurons.
    n_blocks : int
        Distinct (pattern, sign) of live neurons.
    signed, signed_bound : float
        Certified bracket of the program with one sign for each block.
    both_signs, both_signs_bound : float
        The same with both signs for every pattern.
    optimum, optimum_bound : float
        The same over all patterns.
    """

    boundary: str
    residual: float
    n_boundary_bits: int
    n_blocks: int
    signed: float
    signed_bound: float
    both_signs: float
    both_signs_bound: float
    optimum: float
    optimum_bound: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve the programs over the patterns of every last network of the cell."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    optimum = cell.settings.optimum.solver().solve(data, beta).certificate
    solver = cell.settings.solver.solver()
    records = []
    for batch in trained_batches(cell, data, beta):
        for k in range(len(batch.labels)):
            network = batch.final_network(k)
            residual = stationarity_residual(network, data, beta, TRAINED_RTOL)
            for boundary in BOUNDARIES:
                one = subsampled_program(
                    network, data, beta, boundary=boundary, boundary_rtol=TRAINED_RTOL
                )
                both = subsampled_program(
                    network,
                    data,
                    beta,
                    boundary=boundary,
                    both_signs=True,
                    boundary_rtol=TRAINED_RTOL,
                )
                signed = solver.solve(one.program).certificate
                both_signs = solver.solve(both.program).certificate
                records.append(
                    Record(
                        **run_fields(cell, data, beta, batch, k),  # type: ignore[arg-type]
                        boundary=boundary,
                        residual=residual,
                        n_boundary_bits=one.n_boundary_bits,
                        n_blocks=one.n_blocks,
                        signed=signed.primal_value,
                        signed_bound=signed.dual_value,
                        both_signs=both_signs.primal_value,
                        both_signs_bound=both_signs.dual_value,
                        optimum=optimum.primal_value,
                        optimum_bound=optimum.dual_value,
                    )
                )
    return records
