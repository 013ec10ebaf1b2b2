"""Train many networks at once by gradient descent, mini-batches or Adam."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.training.network_batch import (
    DataGradient,
    NetworkBatch,
    losses_of_residual,
    networks_of_flat,
    training_losses,
)
from relaxgap.training.specification import TrainingSpec, step_size
from relaxgap.training.trajectory import Recorder, Trajectory

ADAM_DECAY = (0.9, 0.999)
"""Decay rates of the two moments, the defaults of Kingma and Ba (2015), arXiv:1412.6980."""

ADAM_EPSILON = 1e-8
"""Added to the root of the bias-corrected second moment (same source)."""


def train(
    data: Dataset,
    beta: float,
    spec: TrainingSpec,
    initial: NetworkBatch,
    rng: np.random.Generator,
    *,
    record_preservation: bool = False,
) -> Trajectory:
    r"""Train every network of ``initial`` on the regularised loss (a sum over samples).

    Parameters
    ----------
    data : Dataset
        Shared by all seeds.
    beta : float
        Regularisation strength, ``>= 0``; every step of a mini-batch applies all of it.
    spec : TrainingSpec
        Method, protocol and step size (see `step_size` for its unit).
    initial : NetworkBatch
        Starting points, normally from `initial_networks`.
    rng : numpy.random.Generator
        Orders the mini-batches, which all seeds share; full-batch runs draw nothing. A seed
        trained alone with an equal generator takes the same steps up to rounding.
    record_preservation : bool
        Whether to compare activations with the initial ones at every logged step; movements are in
        units of ``spec.hidden_std``.

    Returns
    -------
    Trajectory
        A seed that diverges is data (``inf``, ``TrainingStatus.DIVERGED``) and leaves the others
        as they were.

    Raises
    ------
    ValueError
        If ``beta`` is negative or not finite, or ``initial`` has another number of features.

    Notes
    -----
    One step costs :math:`4 S m b d` multiplications. A batch of ``b`` samples is taken without
    replacement from a shuffled epoch, whose incomplete last batch is dropped; its gradient is
    scaled by ``n / b``, so it is unbiased.
    """
    if not (math.isfinite(beta) and beta >= 0.0):
        raise ValueError(f"Expected a finite beta >= 0, got {beta}; make it non-negative.")
    if initial.d != data.d:
        raise ValueError(
            f"Expected networks on {data.d} features, got {initial.d}; draw them for this data."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        recorder = Recorder(data, beta, spec, initial, record_preservation)
        _run(data, beta, spec, recorder, rng)
    return recorder.trajectory()


def _run(
    data: Dataset, beta: float, spec: TrainingSpec, recorder: Recorder, rng: np.random.Generator
) -> None:
    n, rows = data.n, spec.rows_per_step(data.n)
    is_full = rows == n
    steps_per_check = 0 if spec.stop_loss_fraction is None else n // rows
    first_rate = step_size(spec, data, recorder.initial.n_neurons)
    state = _State(recorder.initial, rows, spec)
    batches = _batches(n, rows, rng)
    for step in range(spec.n_steps + 1):
        if is_full:
            state.kernel.evaluate(state.networks, data.X, data.y, weight=1.0)
        if step == recorder.next_logged() or (steps_per_check and step % steps_per_check == 0):
            losses = (
                losses_of_residual(state.kernel.residual, state.networks, beta)
                if is_full
                else training_losses(data, state.networks, beta)
            )
            going_on = recorder.observe(step, losses, state.networks)
            if not going_on.any():
                return
            if not going_on.all():
                state.keep(going_on)
                if is_full:
                    state.kernel.evaluate(state.networks, data.X, data.y, weight=1.0)
        if not is_full:
            batch = next(batches)
            state.kernel.evaluate(state.networks, data.X[batch], data.y[batch], weight=n / rows)
        state.update(beta, first_rate * _decay(spec, step))


def _decay(spec: TrainingSpec, step: int) -> float:
    if spec.schedule == "constant":
        return 1.0
    return 0.5 * (1.0 + math.cos(math.pi * step / spec.n_steps))


def _batches(n: int, rows: int, rng: np.random.Generator) -> Iterator[Int[np.ndarray, " b"]]:
    while True:
        order = rng.permutation(n)
        for start in range(0, n - rows + 1, rows):
            yield order[start : start + rows]


class _State:
    """Hold weights, gradient and moments of the running seeds, each as one flat vector."""

    def __init__(self, networks: NetworkBatch, rows: int, spec: TrainingSpec) -> None:
        self.rows, self.spec = rows, spec
        self._place(networks)
        self.first = np.zeros(self.flat.size if spec.method == "adam" else 0)
        self.second = self.first.copy()
        self.n_updates = 0

    def _place(self, networks: NetworkBatch) -> None:
        self.flat = np.concatenate((networks.hidden.ravel(), networks.output.ravel()))
        self.networks = networks_of_flat(self.flat, networks)
        self.kernel = DataGradient(self.networks, self.rows)
        n_trained = self.flat.size if self.spec.train_output else networks.hidden.size
        self.trained = self.flat[:n_trained]
        self.gradient = self.kernel.flat[:n_trained]
        self.scratch = np.empty(n_trained)

    def keep(self, seeds: Bool[np.ndarray, " A"]) -> None:
        """Drop the seeds that have ended."""
        before = self.networks
        if self.spec.method == "adam":
            self.first = _restrict(self.first, before, seeds)
            self.second = _restrict(self.second, before, seeds)
        self._place(NetworkBatch(before.hidden[seeds], before.output[seeds]))

    def update(self, beta: float, rate: float) -> None:
        """Take one step along the gradient in the kernel, plus weight decay."""
        gradient, scratch = self.gradient, self.scratch
        if beta > 0.0:
            np.multiply(self.trained, beta, out=scratch)
            gradient += scratch
        if self.spec.method == "adam":
            self._precondition()
        gradient *= rate
        self.trained -= gradient

    def _precondition(self) -> None:
        self.n_updates += 1
        (decay_first, decay_second), size = ADAM_DECAY, self.gradient.size
        gradient, scratch = self.gradient, self.scratch
        first, second = self.first[:size], self.second[:size]
        np.multiply(gradient, 1.0 - decay_first, out=scratch)
        first *= decay_first
        first += scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1.0 - decay_second
        second *= decay_second
        second += scratch
        np.multiply(second, 1.0 / (1.0 - decay_second**self.n_updates), out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch += ADAM_EPSILON
        np.divide(first, scratch, out=gradient)
        gradient *= 1.0 / (1.0 - decay_first**self.n_updates)


def _restrict(
    flat: Float64[np.ndarray, " size"], shape_of: NetworkBatch, seeds: Bool[np.ndarray, " A"]
) -> Float64[np.ndarray, " kept"]:
    parts = networks_of_flat(flat, shape_of)
    return np.concatenate((parts.hidden[seeds].ravel(), parts.output[seeds].ravel()))
