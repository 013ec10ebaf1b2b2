"""Which activations survive training, step by step, next to what the coupling lemma promises.

Protocol L is the lemma's own setting (first layer only, no weight decay, small steps), protocol P
the paper's (both layers, weight decay, to stationarity). A cell belongs to one of them. It serves
the figures against the step, the coupling lemma (L) and assumption A2 (P).

References
----------
Li & Liang (2018), arXiv 1808.01204; Kim & Pilanci (2024), Lemma 1, (A2) and Figure 2.
"""

import math
from dataclasses import asdict, dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.parts.trained_runs import TrainedBatch, trained_batches
from relaxgap.experiments.stationary_points.cell import TRAINED_RTOL
from relaxgap.networks import stationarity_residual
from relaxgap.training import TrainingStatus


@dataclass(frozen=True, slots=True)
class PreservationRecord:
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


@dataclass(frozen=True, slots=True)
class FinalPreservationRecord(PreservationRecord):
    """One row: one network at the end of its training.

    Parameters
    ----------
    residual : float
        Relative distance from a Clarke stationary point (`stationarity_residual`); ``inf`` for a
        diverged run.
    """

    residual: float


def pattern_preservation(spec: CellSpec) -> list[PreservationRecord]:
    """Train from every random start and record what is kept at each logged step."""
    data = spec.load_data()
    beta = _beta(spec)
    return [
        _record(spec, data, beta, batch, k, run)
        for batch in trained_batches(spec, data, beta, record_preservation=True)
        for k in range(len(batch.trajectory.steps))
        for run in range(len(batch.labels))
    ]


def preservation_at_the_end(spec: CellSpec) -> list[FinalPreservationRecord]:
    """Train from every random start and record what is kept at the last logged step alone."""
    data = spec.load_data()
    beta = _beta(spec)
    return [
        FinalPreservationRecord(
            **asdict(_record(spec, data, beta, batch, -1, run)),
            residual=(
                math.inf
                if batch.trajectory.status[run] == TrainingStatus.DIVERGED
                else stationarity_residual(batch.final_network(run), data, beta, TRAINED_RTOL)
            ),
        )
        for batch in trained_batches(spec, data, beta, record_preservation=True)
        for run in range(len(batch.labels))
    ]


def _beta(spec: CellSpec) -> float:
    return 0.0 if spec.training.protocol == "L" else spec.absolute_beta()


def _record(
    spec: CellSpec, data: Dataset, beta: float, batch: TrainedBatch, k: int, run: int
) -> PreservationRecord:
    label, trajectory = batch.labels[run], batch.trajectory
    kept = trajectory.preservation[k][run]
    return PreservationRecord(
        data=spec.data_label,
        n=data.n,
        d=data.d,
        protocol=spec.training.protocol,
        method=label.method,
        width=label.width,
        seed=spec.seed,
        init_scale=label.init_scale,
        step_factor=label.step_factor,
        learning_rate=label.learning_rate,
        start=label.start,
        beta=beta,
        status=trajectory.status[run],
        n_steps=int(trajectory.n_steps_done[run]),
        step=int(trajectory.steps[k]),
        loss=float(trajectory.losses[k, run]),
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
