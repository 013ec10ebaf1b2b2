"""What training runs leave behind: losses, networks, outcomes and preservation."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.training.network_batch import NetworkBatch, training_losses
from relaxgap.training.preservation import Preservation, measure_preservation
from relaxgap.training.specification import TrainingSpec, logged_steps


class TrainingStatus(StrEnum):
    """How the run of one seed ended."""

    DONE = "done"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Hold what ``S`` training runs did at ``L`` logged steps.

    Parameters
    ----------
    steps : (L,) int
        Logged steps, from 0 to ``n_steps``.
    losses : (L, S) float64
        Loss on all samples. A seed that stopped early keeps its last loss; a diverged one has
        ``inf`` from the first logged step at which its loss was not finite.
    final, best : NetworkBatch
        Last network and the one of least loss among those logged and the last; a diverged seed
        has its best finite network in both.
    best_losses : (S,) float64
        Loss of ``best``, finite unless the initial loss is not.
    n_steps_done : (S,) int
        Step at which each seed ended.
    status : tuple of TrainingStatus
        One for each seed.
    preservation : tuple of tuple of Preservation
        Entry ``[k][s]`` for logged step ``k`` and seed ``s``, carried on like the losses; empty
        unless it was asked for. A diverged seed keeps its last finite entry.
    """

    steps: Int[np.ndarray, " L"]
    losses: Float64[np.ndarray, "L S"]
    final: NetworkBatch
    best: NetworkBatch
    best_losses: Float64[np.ndarray, " S"]
    n_steps_done: Int[np.ndarray, " S"]
    status: tuple[TrainingStatus, ...]
    preservation: tuple[tuple[Preservation, ...], ...]

    @property
    def final_losses(self) -> Float64[np.ndarray, " S"]:
        """Loss on all samples at the end, ``inf`` for a diverged seed."""
        return np.asarray(self.losses[-1])


class Recorder:
    """Collect losses, networks and preservation while seeds are still running."""

    def __init__(
        self,
        data: Dataset,
        beta: float,
        spec: TrainingSpec,
        initial: NetworkBatch,
        record_preservation: bool,
    ) -> None:
        n_seeds = initial.n_seeds
        self.spec, self.initial, self.X = spec, initial, data.X
        self.sigma = spec.hidden_std(initial.n_neurons, initial.d)
        self.steps = logged_steps(spec)
        self.losses = np.full((len(self.steps), n_seeds), np.inf)
        self.final = NetworkBatch(initial.hidden.copy(), initial.output.copy())
        self.best = NetworkBatch(initial.hidden.copy(), initial.output.copy())
        self.best_losses = training_losses(data, initial, beta)
        fraction = spec.stop_loss_fraction
        self.targets = (
            np.full(n_seeds, -np.inf) if fraction is None else fraction * self.best_losses
        )
        self.n_steps_done = np.zeros(n_seeds, dtype=np.int64)
        self.status = [TrainingStatus.DONE] * n_seeds
        self.latest: list[Preservation] = []
        self.preservation: list[tuple[Preservation, ...]] = []
        if record_preservation:
            self.latest = [self._measure(initial, seed, seed) for seed in range(n_seeds)]
        self.seeds = np.arange(n_seeds)
        self.n_rows = 0

    def next_logged(self) -> int:
        """Return the next step at which every running seed must be observed."""
        return self.steps[self.n_rows]

    def observe(
        self, step: int, losses: Float64[np.ndarray, " A"], networks: NetworkBatch
    ) -> Bool[np.ndarray, " A"]:
        """Record the running seeds at ``step`` and say which of them go on."""
        seeds = self.seeds
        finite = np.isfinite(losses)
        going_on = finite & (losses > self.targets[seeds]) & (step < self.spec.n_steps)
        logged = step == self.next_logged()
        better = finite & (losses < self.best_losses[seeds]) & (logged | ~going_on)
        self.best_losses[seeds[better]] = losses[better]
        self.best.hidden[seeds[better]] = networks.hidden[better]
        self.best.output[seeds[better]] = networks.output[better]
        self.losses[self.n_rows :, seeds] = np.where(finite, losses, np.inf)
        for place in np.flatnonzero(~going_on):
            seed = seeds[place]
            self.n_steps_done[seed] = step
            source, origin = (networks, place) if finite[place] else (self.best, seed)
            self.final.hidden[seed] = source.hidden[origin]
            self.final.output[seed] = source.output[origin]
            if not finite[place]:
                self.status[seed] = TrainingStatus.DIVERGED
        if self.latest:
            if step > 0:
                for place in np.flatnonzero(finite & (logged | ~going_on)):
                    self.latest[seeds[place]] = self._measure(
                        networks, int(place), int(seeds[place])
                    )
            if logged:
                self.preservation.append(tuple(self.latest))
        self.seeds = seeds[going_on]
        self.n_rows += int(logged)
        return np.asarray(going_on)

    def trajectory(self) -> Trajectory:
        """Return the record once no seed is running, the end state carried on to the last row."""
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

    def _measure(self, networks: NetworkBatch, place: int, seed: int) -> Preservation:
        return measure_preservation(
            self.initial.hidden[seed],
            networks.hidden[place],
            networks.output[place],
            self.X,
            self.sigma,
        )
