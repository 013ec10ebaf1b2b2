"""The columns that every experiment on trained networks shares."""

import math
from dataclasses import dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import instance_of
from relaxgap.experiments.parts.needs import Training
from relaxgap.experiments.parts.trained_runs import TrainedBatch
from relaxgap.training import TrainingStatus


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Name the instance and the run that a row is about, and how the run ended.

    Parameters
    ----------
    init_scale, step_factor : float
        Factors of the initial weights and of the step size (`RunLabel`).
    learning_rate : float
        Initial step, ``step_factor`` included.
    n_steps : int
        Step at which the run ended.
    loss : float
        Training loss of the last network, weight decay included; infinite if the run diverged,
        whose last network is its best finite one.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    method: str
    width: int
    init_scale: float
    step_factor: float
    learning_rate: float
    start: int
    status: str
    n_steps: int
    loss: float


def run_fields(
    cell: Cell[Training], data: Dataset, beta: float, batch: TrainedBatch, run: int
) -> dict[str, str | int | float | None]:
    """Return the fields of a row about one run."""
    label, trajectory = batch.labels[run], batch.trajectory
    diverged = trajectory.status[run] is TrainingStatus.DIVERGED
    return {
        **instance_of(cell, data, beta),
        "method": label.method,
        "width": label.width,
        "init_scale": label.init_scale,
        "step_factor": label.step_factor,
        "learning_rate": label.learning_rate,
        "start": label.start,
        "status": trajectory.status[run],
        "n_steps": int(trajectory.n_steps_done[run]),
        "loss": math.inf if diverged else batch.final_network(run).training_loss(data, beta),
    }
