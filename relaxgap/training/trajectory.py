"""What training runs leave behind: losses, networks, outcomes and preservation."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.networks.landscape.stationarity import stationarity_residual
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.problems.losses import TrainingLoss
from relaxgap.training.network_batch import NetworkBatch, training_losses
from relaxgap.training.preservation import Preservation, measure_preservation
from relaxgap.training.specification import TrainingSpec, logged_steps
from relaxgap.training.stationarity_bounds import residual_lower_bounds


class TrainingStatus(StrEnum):
    """How one run ended."""

    DONE = "done"
    STATIONARY = "stationary"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Hold what ``R`` training runs did at ``L`` logged steps.

    Parameters
    ----------
    steps : (L,) int
        Logged steps, from 0 to ``n_steps``.
    losses : (L, R) float64
        Loss on all samples. A run that stopped early keeps its last loss; a diverged one has
        ``inf`` from the first logged step at which its loss was not finite.
    final, best : NetworkBatch
        Last network and the one of least loss among those logged and the last; a diverged run
        has its best finite network in both.
    best_losses : (R,) float64
        Loss of ``best``, finite unless the initial loss is not.
    n_steps_done : (R,) int
        Step at which each run ended.
    status : tuple of TrainingStatus
        One for each run.
    preservation : tuple of tuple of Preservation
        Entry ``[k][r]`` for logged step ``k`` and run ``r``, carried on like the losses; empty
        unless it was asked for. A diverged run keeps its last finite entry.
    """

    steps: Int[np.ndarray, " L"]
    losses: Float64[np.ndarray, "L R"]
    final: NetworkBatch
    best: NetworkBatch
    best_losses: Float64[np.ndarray, " R"]
    n_steps_done: Int[np.ndarray, " R"]
    status: tuple[TrainingStatus, ...]
    preservation: tuple[tuple[Preservation, ...], ...]

    @property
    def final_losses(self) -> Float64[np.ndarray, " R"]:
        """Loss on all samples at the end, ``inf`` for a diverged run."""
        return np.asarray(self.losses[-1])


class Recorder:
    """Collect losses, networks and preservation while runs are going on.

    Parameters
    ----------
    specs : (R,) tuple of TrainingSpec
        One for each run; they log and stop by the same rules.
    """

    def __init__(
        self,
        data: Dataset,
        betas: Float64[np.ndarray, " R"],
        specs: tuple[TrainingSpec, ...],
        initial: NetworkBatch,
        record_preservation: bool,
        loss: TrainingLoss,
    ) -> None:
        n_runs = initial.n_runs
        self.data, self.betas, self.specs, self.initial = data, betas, specs, initial
        self.loss = loss
        self.steps = logged_steps(specs[0])
        self.losses = np.full((len(self.steps), n_runs), np.inf)
        self.final = NetworkBatch(initial.hidden.copy(), initial.output.copy())
        self.best = NetworkBatch(initial.hidden.copy(), initial.output.copy())
        self.best_losses = training_losses(data, initial, betas, loss)
        fraction = specs[0].stop_loss_fraction
        self.targets = np.full(n_runs, -np.inf) if fraction is None else fraction * self.best_losses
        self.n_steps_done = np.zeros(n_runs, dtype=np.int64)
        self.status = [TrainingStatus.DONE] * n_runs
        self.latest: list[Preservation] = []
        self.preservation: list[tuple[Preservation, ...]] = []
        if record_preservation:
            self.latest = [self._measure(initial, run, run) for run in range(n_runs)]
        self.runs = np.arange(n_runs)
        self.n_rows = 0

    def next_logged(self) -> int:
        """Return the next step at which every run must be observed."""
        return self.steps[self.n_rows]

    def observe(self, step: int, networks: NetworkBatch) -> Bool[np.ndarray, " A"]:
        """Record the runs that are going on at ``step`` and say which of them still are."""
        runs = self.runs
        losses = training_losses(self.data, networks, self.betas[runs], self.loss)
        finite = np.isfinite(losses)
        logged = step == self.next_logged()
        stationary = self._stationary(networks, finite) if logged else np.zeros_like(finite)
        ended = ~finite | (losses <= self.targets[runs]) | (step == self.specs[0].n_steps)
        going_on = ~(ended | stationary)
        better = finite & (losses < self.best_losses[runs]) & (logged | ~going_on)
        self.best_losses[runs[better]] = losses[better]
        self.best.hidden[runs[better]] = networks.hidden[better]
        self.best.output[runs[better]] = networks.output[better]
        self.losses[self.n_rows :, runs] = np.where(finite, losses, np.inf)
        for place in np.flatnonzero(~going_on):
            run = runs[place]
            self.n_steps_done[run] = step
            source, origin = (networks, place) if finite[place] else (self.best, run)
            self.final.hidden[run] = source.hidden[origin]
            self.final.output[run] = source.output[origin]
            if not finite[place]:
                self.status[run] = TrainingStatus.DIVERGED
            elif stationary[place]:
                self.status[run] = TrainingStatus.STATIONARY
        if self.latest:
            if step > 0:
                for place in np.flatnonzero(finite & (logged | ~going_on)):
                    self.latest[runs[place]] = self._measure(networks, int(place), int(runs[place]))
            if logged:
                self.preservation.append(tuple(self.latest))
        self.runs = runs[going_on]
        self.n_rows += int(logged)
        return np.asarray(going_on)

    def trajectory(self) -> Trajectory:
        """Return the record once no run is going on, the end state carried on to the last row."""
        missing = len(self.steps) - len(self.preservation) if self.latest else 0
        return Trajectory(
            steps=np.array(self.steps),
            losses=self.losses,
            final=self.final,
            best=self.best,
            best_losses=self.best_losses,
            n_steps_done=self.n_steps_done,
            status=tuple(self.status),
            preservation=(*self.preservation, *[tuple(self.latest)] * missing),
        )

    def _stationary(
        self, networks: NetworkBatch, finite: Bool[np.ndarray, " A"]
    ) -> Bool[np.ndarray, " A"]:
        stationary, limit = np.zeros_like(finite), self.specs[0].stop_residual
        if limit is not None:
            betas = self.betas[self.runs]
            bounds = residual_lower_bounds(self.data, networks, betas, self.loss)
            for place in np.flatnonzero(finite & ~(bounds > limit)):
                network = TwoLayerNetwork(networks.hidden[place], networks.output[place])
                beta = float(betas[place])
                residual = stationarity_residual(network, self.data, beta, limit, self.loss)
                stationary[place] = residual <= limit
        return stationary

    def _measure(self, networks: NetworkBatch, place: int, run: int) -> Preservation:
        return measure_preservation(
            self.initial.hidden[run],
            networks.hidden[place],
            networks.output[place],
            self.data.X,
            self.specs[run].hidden_std(self.initial.n_neurons, self.initial.d),
        )
