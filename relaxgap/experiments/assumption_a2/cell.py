"""Which activations are left at the end of training, and how stationary that end is.

References
----------
Kim & Pilanci (2024), assumption (A2).
"""

import math
from dataclasses import asdict, dataclass

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.preservation import Record as PreservationRecord
from relaxgap.experiments.parts.preservation import Settings, absolute_beta, record_at
from relaxgap.experiments.parts.trained_runs import TRAINED_RTOL, trained_batches
from relaxgap.networks import stationarity_residual
from relaxgap.training import TrainingStatus

__all__ = ["Record", "Settings", "run"]


@dataclass(frozen=True, slots=True)
class Record(PreservationRecord):
    """One row: one network at the end of its training.

    Parameters
    ----------
    residual : float
        Relative distance from a Clarke stationary point (`stationarity_residual`); ``inf`` for a
        diverged run.
    """

    residual: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Train from every random start and record what is kept at the last logged step alone."""
    data = cell.load_data()
    beta = absolute_beta(cell.settings)
    return [
        Record(
            **asdict(record_at(cell, data, beta, batch, -1, j)),
            residual=(
                math.inf
                if batch.trajectory.status[j] == TrainingStatus.DIVERGED
                else stationarity_residual(batch.final_network(j), data, beta, TRAINED_RTOL)
            ),
        )
        for batch in trained_batches(cell, data, beta, record_preservation=True)
        for j in range(len(batch.labels))
    ]
