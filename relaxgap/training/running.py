"""Runs that are going on: their weights, gradient and memory on one backend.

Runs that are small share every operation, which is what a batch of small networks saves. Large ones
gain nothing from that, so they step one group after another, each within the cache, with the same
buffers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.backend import Array, Backend
from relaxgap.problems.losses import TrainingLoss
from relaxgap.training.data_gradient import Buffers, DataGradient
from relaxgap.training.network_batch import NetworkBatch, joined, training_losses
from relaxgap.training.specification import TrainingSpec, step_size
from relaxgap.training.updates import Adam, HeavyBall, Method
from relaxgap.training.weights import Weights

GROUP_ENTRIES = 1 << 18
"""Pre-activations and weights of one group: a few megabytes with all its buffers."""


class RunningBatch:
    """Step all runs and drop those that have ended.

    Parameters
    ----------
    data, betas, specs, initial, backend, loss
        As for `RunningGroup`.
    """

    def __init__(
        self,
        data: Dataset,
        betas: Float64[np.ndarray, " R"],
        specs: tuple[TrainingSpec, ...],
        initial: NetworkBatch,
        backend: Backend,
        loss: TrainingLoss,
    ) -> None:
        self.data, self.spec = data, specs[0]
        self.rows = self.spec.rows_per_step(data.n)
        self.is_full = self.rows == data.n
        n_runs = initial.n_runs
        size = max(1, GROUP_ENTRIES // (initial.n_neurons * (self.rows + data.d)))
        groups = [slice(start, min(start + size, n_runs)) for start in range(0, n_runs, size)]
        self.groups: list[RunningGroup] = []
        for runs in groups:
            buffers = self.groups[0].kernel.buffers if self.groups else None
            part = data, betas[runs], specs[runs], initial.of_runs(runs)
            self.groups.append(RunningGroup(*part, backend, loss, buffers))

    def evaluate(self, batch: Int[np.ndarray, " b"] | None = None) -> None:
        """Evaluate the gradients of the data term on all samples or on a batch."""
        for group in self.groups:
            group.evaluate(batch)

    def step(self, factor: float) -> None:
        """Step along the direction that the method makes of the last gradient."""
        for group in self.groups:
            group.step(factor)

    def losses(self) -> Float64[np.ndarray, " A"]:
        """Return the loss on all samples; full-batch runs have just evaluated it."""
        return np.concatenate([group.losses() for group in self.groups])

    def networks(self) -> NetworkBatch:
        """Return the networks as they are now; they may share memory with the weights."""
        return joined([group.networks() for group in self.groups])

    def keep(self, kept: Bool[np.ndarray, " A"]) -> None:
        """Drop the runs that have ended."""
        ends = np.cumsum([group.n_runs for group in self.groups])
        parts = np.split(kept, ends[:-1])
        for group, part in zip(self.groups, parts, strict=True):
            if part.any() and not part.all():
                group.keep(part)
        pairs = zip(self.groups, parts, strict=True)
        self.groups = [group for group, part in pairs if part.any()]


class RunningGroup:
    """Step some runs at once and drop those that have ended.

    Parameters
    ----------
    data : Dataset
        Shared by all runs.
    betas : (R,) float64
        Regularisation strength of each run.
    specs : (R,) tuple of TrainingSpec
        One for each run; they differ in step size, momentum and initial scale only.
    initial : NetworkBatch
        Starting points.
    backend : Backend
        Where to compute.
    loss : TrainingLoss
        Of the fit.
    buffers : Buffers or None
        Those of a group that is at least as large; None for its own.
    """

    def __init__(
        self,
        data: Dataset,
        betas: Float64[np.ndarray, " R"],
        specs: tuple[TrainingSpec, ...],
        initial: NetworkBatch,
        backend: Backend,
        loss: TrainingLoss,
        buffers: Buffers | None = None,
    ) -> None:
        self.arrays, self.spec, self.data, self.loss = backend.arrays(), specs[0], data, loss
        self.rows = self.spec.rows_per_step(data.n)
        self.is_full = self.rows == data.n
        self.X, self.y = self.arrays.asarray(data.X), self.arrays.asarray(data.y)
        self.rates = self._column(
            [step_size(spec, data, initial.n_neurons, loss) for spec in specs]
        )
        self.betas = self._column(betas)
        self.decays = bool(np.any(betas > 0.0))
        self._place(Weights.of(initial, self.arrays), buffers)
        self.method = self._method_of(specs)

    @property
    def n_runs(self) -> int:
        """Number of runs that are going on."""
        return self.weights.shape[0]

    def evaluate(self, batch: Int[np.ndarray, " b"] | None) -> None:
        """See `RunningBatch`."""
        if batch is None:
            self.kernel.evaluate(self.X, self.y, weight=1.0)
        else:
            rows = self.arrays.asarray(batch)
            self.kernel.evaluate(self.X[rows], self.y[rows], weight=self.data.n / self.rows)

    def step(self, factor: float) -> None:
        """See `RunningBatch`."""
        gradient, weights, scratch = self.kernel.gradient, self.weights, self.scratch
        arrays, output = self.arrays, self.spec.train_output
        if self.decays:
            scratch.set_scaled(weights, self.betas, arrays, output=output)
            gradient.flat += scratch.flat
        direction = self.method.direct(gradient)
        scratch.set_scaled(direction, factor * self.rates, arrays, output=output)
        if output:
            weights.flat -= scratch.flat
        else:
            weights.hidden -= scratch.hidden

    def losses(self) -> Float64[np.ndarray, " A"]:
        """See `RunningBatch`."""
        losses = None
        if self.is_full:
            losses = self.loss.values_of_gradients(self.kernel.fit_gradient)
        if losses is None:
            betas = np.asarray(self.arrays.to_numpy(self.betas)[:, 0])
            return training_losses(self.data, self.networks(), betas, self.loss)
        xp = self.arrays.xp
        if self.decays:
            hidden, output = self.weights.hidden_by_run, self.weights.output
            penalty = xp.sum(hidden * hidden, axis=1) + xp.sum(output * output, axis=1)
            losses = losses + 0.5 * self.betas[:, 0] * penalty
        return np.asarray(self.arrays.to_numpy(losses))

    def networks(self) -> NetworkBatch:
        """See `RunningBatch`."""
        return self.weights.networks(self.arrays)

    def keep(self, kept: Bool[np.ndarray, " A"]) -> None:
        """See `RunningBatch`."""
        there = self.arrays.asarray(kept)
        self.rates, self.betas = self.rates[there], self.betas[there]
        self.method.keep(there)
        self._place(self.weights.of_runs(there, self.arrays), self.kernel.buffers)

    def _place(self, weights: Weights, buffers: Buffers | None) -> None:
        self.weights = weights
        self.kernel = DataGradient(weights, self.rows, self.arrays, self.loss, buffers)
        scratch = self.kernel.buffers.scratch
        self.scratch = Weights(scratch[: weights.flat.shape[0]], weights.shape)

    def _method_of(self, specs: tuple[TrainingSpec, ...]) -> Method:
        if self.spec.method == "adam":
            return Adam(self.weights, self.arrays)
        momenta = [spec.momentum for spec in specs]
        column = self._column(momenta) if any(momenta) else None
        return HeavyBall(self.weights, column, self.arrays, self.spec.train_output)

    def _column(self, values: Sequence[float] | Float64[np.ndarray, " R"]) -> Float[Array, "R 1"]:
        return self.arrays.asarray(np.array(values, dtype=np.float64)[:, None])
