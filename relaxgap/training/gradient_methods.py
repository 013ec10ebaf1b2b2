"""Train many networks at once by gradient descent, mini-batches or Adam."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.problems.losses import SQUARED, TrainingLoss
from relaxgap.training.network_batch import NetworkBatch
from relaxgap.training.running import RunningBatch
from relaxgap.training.schedules import step_factor
from relaxgap.training.specification import TrainingSpec
from relaxgap.training.trajectory import Recorder, Trajectory


def train(
    data: Dataset,
    beta: float | Float64[np.ndarray, " R"],
    spec: TrainingSpec | Sequence[TrainingSpec],
    initial: NetworkBatch,
    rng: np.random.Generator,
    *,
    record_preservation: bool = False,
    backend: Backend = NUMPY,
    loss: TrainingLoss = SQUARED,
) -> Trajectory:
    r"""Train every network of ``initial`` on the regularised loss (a sum over samples).

    Parameters
    ----------
    data : Dataset
        Shared by all runs.
    beta : float or (R,) float64
        Regularisation strength, ``>= 0``, of all runs or of each; every step of a mini-batch
        applies all of it.
    spec : TrainingSpec or sequence of R of them
        Method, protocol and step size (see `step_size` for its unit). Those of one batch may
        differ in ``learning_rate``, ``momentum`` and ``init_scale``.
    initial : NetworkBatch
        Starting points, normally from `initial_networks`.
    rng : numpy.random.Generator
        Orders the mini-batches, which all runs share; full-batch runs draw nothing. A network
        trained alone with an equal generator takes the same steps up to rounding.
    record_preservation : bool
        Whether to compare activations with the initial ones at every logged step; movements are in
        units of ``hidden_std`` of the run.
    backend : Backend
        Arrays to compute the steps with. What is recorded is computed in float64 NumPy.
    loss : TrainingLoss
        Of the fit.

    Returns
    -------
    Trajectory
        A run that diverges is data (``inf``, ``TrainingStatus.DIVERGED``) and leaves the others
        as they were.

    Raises
    ------
    ValueError
        If a ``beta`` is negative or not finite, or 0 where runs stop at stationary points; if there
        are not as many as runs or the specs differ in more than they may; if ``initial`` has
        another number of features.

    Notes
    -----
    One step costs :math:`4 R m b d` multiplications. A batch of ``b`` samples is taken without
    replacement from a shuffled epoch, whose incomplete last batch is dropped; its gradient is
    scaled by ``n / b``, so it is unbiased.
    """
    specs = _one_for_each(spec, initial.n_runs)
    if np.shape(beta) not in ((), (initial.n_runs,)):
        raise ValueError(
            f"Expected one beta or {initial.n_runs}, one for each run, got {np.size(beta)}."
        )
    betas = np.broadcast_to(np.asarray(beta, dtype=np.float64), (initial.n_runs,))
    least = np.nextafter(0.0, 1.0) if specs[0].stop_residual is not None else 0.0
    if not np.all(np.isfinite(betas) & (betas >= least)):
        bound = "> 0 to stop at stationary points" if least else ">= 0"
        raise ValueError(f"Expected a finite beta {bound}, got {beta}; raise it.")
    if initial.d != data.d:
        raise ValueError(
            f"Expected networks on {data.d} features, got {initial.d}; draw them for this data."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        recorder = Recorder(data, betas, specs, initial, record_preservation, loss)
        _run(RunningBatch(data, betas, specs, initial, backend, loss), recorder, rng)
    return recorder.trajectory()


def _one_for_each(
    spec: TrainingSpec | Sequence[TrainingSpec], n_runs: int
) -> tuple[TrainingSpec, ...]:
    specs = (spec,) * n_runs if isinstance(spec, TrainingSpec) else tuple(spec)
    if len(specs) != n_runs:
        raise ValueError(f"Expected {n_runs} specs, one for each run, got {len(specs)}.")
    for other in specs:
        same = replace(
            other,
            learning_rate=specs[0].learning_rate,
            momentum=specs[0].momentum,
            init_scale=specs[0].init_scale,
        )
        if same != specs[0]:
            raise ValueError(
                "Expected specs that differ in learning_rate, momentum and init_scale only, got "
                f"{specs[0]} and {other}; train them apart."
            )
    return specs


def _run(runs: RunningBatch, recorder: Recorder, rng: np.random.Generator) -> None:
    spec = runs.spec
    steps_per_check = 0 if spec.stop_loss_fraction is None else runs.data.n // runs.rows
    batches = _batches(runs.data.n, runs.rows, rng)
    for step in range(spec.n_steps + 1):
        if runs.is_full:
            runs.evaluate()
        observed = step == recorder.next_logged()
        if not observed and steps_per_check and step % steps_per_check == 0:
            observed = not np.all(runs.losses() > recorder.targets[recorder.runs])
        if observed:
            going_on = recorder.observe(step, runs.networks())
            if not going_on.any():
                return
            if not going_on.all():
                runs.keep(going_on)
                if runs.is_full:
                    runs.evaluate()
        if not runs.is_full:
            runs.evaluate(next(batches))
        runs.step(step_factor(spec.schedule, step, spec.n_steps))


def _batches(n: int, rows: int, rng: np.random.Generator) -> Iterator[Int[np.ndarray, " b"]]:
    while True:
        order = rng.permutation(n)
        for start in range(0, n - rows + 1, rows):
            yield order[start : start + rows]
