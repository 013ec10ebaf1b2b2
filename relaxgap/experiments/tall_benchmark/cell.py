"""Every solver on one tall table, side by side, with a loss of numbers or of two classes.

The rows are those of `solver_comparison`. For a loss of two classes the label of a sample says on
which side of their median it is.
"""

from dataclasses import asdict, dataclass

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts import solver_comparison
from relaxgap.experiments.parts.cell import Cell
from relaxgap.problems.losses import LOSSES, SQUARED


@dataclass(frozen=True, slots=True)
class Settings(solver_comparison.Settings):
    """What the experiment can vary."""

    loss: str = SQUARED.name

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ConfigurationError(
                f"Expected a loss out of {', '.join(LOSSES)}, got {self.loss!r}; choose one."
            )


@dataclass(frozen=True, slots=True)
class Record(solver_comparison.Record):
    """One row, as in `solver_comparison.Record`, and the loss."""

    loss: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Run every solver of the settings on one instance, to every tolerance."""
    loss, data = LOSSES[cell.settings.loss], cell.load_data()
    if loss.of_classes:
        data = Dataset(data.X, np.where(data.y >= np.median(data.y), 1.0, -1.0))
    rows = solver_comparison.compared(cell, data, loss)
    return [Record(**asdict(row), loss=loss.name) for row in rows]
