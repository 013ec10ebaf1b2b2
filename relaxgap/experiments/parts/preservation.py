"""Which activations survive training, step by step, next to what the coupling lemma promises.

Protocol L is the lemma's own setting (first layer only, no weight decay, small steps), protocol P
the paper's (both layers, weight decay, to stationarity). A cell belongs to one of them. It serves
the figures against the step, the coupling lemma (L) and assumption A2 (P).

References
----------
Li & Liang (2018), arXiv 1808.01204; Kim & Pilanci (2024), Lemma 1, (A2) and Figure 2.
"""

from dataclasses import dataclass, field

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.trained_runs import TrainedBatch, trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: ScaledTrainingPlan = field(default_factory=ScaledTrainingPlan)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one network at one logged step.

    Parameters
    ----------
    init_scale, step_factor, learning_rate : float
        Factors of the initial weights and of the step size, and the step size (`RunLabel`).
    n_steps : int
        Step at which the run ended; later rows repeat its end.
    loss : float
        Training loss, with weight decay under protocol P and without under L.
    bits_kept, interior_bits_kept : float
        Fraction of initial activations, with and without those on a boundary now.
    neurons_kept, patterns_kept, live_neurons : float
        Fractions of whole patterns, of distinct patterns and of live neurons (`Preservation`).
    certified_bits_kept, certified_neurons_kept : float
        Sure lower bounds of the first two from the movement of each neuron.
    max_movement, mean_movement : float
        Movement of a neuron over the initial standard deviation of a weight.
    """

    data: str
    n: int
    d: int
    protocol: str
    method: str
    width: int
    seed: int
    init_scale: float
    step_factor: float
    learning_rate: float
    start: int
    beta: float
    status: str
    n_steps: int
    step: int
    loss: float
    bits_kept: float
    interior_bits_kept: float
    neurons_kept: float
    patterns_kept: float
    live_neurons: float
    certified_bits_kept: float
    certified_neurons_kept: float
    max_movement: float
    mean_movement: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Train from every random start and record what is kept at each logged step."""
    data = cell.load_data()
    beta = absolute_beta(cell.settings)
    return [
        record_at(cell, data, beta, batch, k, j)
        for batch in trained_batches(cell, data, beta, record_preservation=True)
        for k in range(len(batch.trajectory.steps))
        for j in range(len(batch.labels))
    ]


def absolute_beta(settings: Settings) -> float:
    """Return the weight decay, which protocol L has none of."""
    return 0.0 if settings.training.protocol == "L" else settings.regularisation.absolute()


def record_at(
    cell: Cell[Settings], data: Dataset, beta: float, batch: TrainedBatch, k: int, j: int
) -> Record:
    """Return the row of one run of a batch at its ``k``-th logged step."""
    label, trajectory = batch.labels[j], batch.trajectory
    kept = trajectory.preservation[k][j]
    return Record(
        data=cell.data.label,
        n=data.n,
        d=data.d,
        protocol=cell.settings.training.protocol,
        method=label.method,
        width=label.width,
        seed=cell.seed,
        init_scale=label.init_scale,
        step_factor=label.step_factor,
        learning_rate=label.learning_rate,
        start=label.start,
        beta=beta,
        status=trajectory.status[j],
        n_steps=int(trajectory.n_steps_done[j]),
        step=int(trajectory.steps[k]),
        loss=float(trajectory.losses[k, j]),
        bits_kept=kept.bits_kept,
        interior_bits_kept=kept.interior_bits_kept,
        neurons_kept=kept.neurons_kept,
        patterns_kept=kept.patterns_kept,
        live_neurons=kept.live_neurons,
        certified_bits_kept=kept.certified_bits_kept,
        certified_neurons_kept=kept.certified_neurons_kept,
        max_movement=kept.max_movement,
        mean_movement=kept.mean_movement,
    )
