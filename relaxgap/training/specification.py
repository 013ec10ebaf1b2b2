"""What a training run is: method, steps, step size, protocol and initial distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.training.network_batch import NetworkBatch
from relaxgap.training.schedules import Schedule

MethodName = Literal["gd", "sgd", "adam"]


@dataclass(frozen=True, slots=True)
class TrainingSpec:
    r"""Hold the settings of one training run.

    Two protocols, never to be mixed in one curve: ``train_output=True`` trains both layers
    (with weight decay this is the network problem); ``train_output=False`` trains the first layer
    only, from the initial distribution of the coupling lemma, and is meant for ``beta = 0``.

    Parameters
    ----------
    method : {"gd", "sgd", "adam"}
        Gradient descent, mini-batch gradient descent, or Adam with bias correction.
    n_steps : int
        Number of updates (not epochs), at least 1.
    learning_rate : float
        Initial step in the unit of `step_size`: :math:`1/m` if the first layer only is trained,
        so that the fit moves equally in any width; with both layers :math:`1/(|X|_2 |y|)`,
        corrected for the batch size, for ``gd`` and ``sgd``, and absolute for ``adam``.
    momentum : float
        Of the heavy ball, in [0, 1); must be 0 for ``adam``. A step then moves about
        :math:`1/(1 - \mu)` times as far.
    schedule : {"constant", "inverse_sqrt", "cosine", "decay"}
        How the step falls (`step_factor`); only with the last two does a run come near to a
        stationary point on a kink.
    batch_size : int
        Samples of one step, 0 or at least ``n`` for all; must be 0 for ``gd``.
    train_output : bool
        Whether the second layer is trained too.
    init_scale : float
        Multiplies the initial weights that are trained.
    stop_loss_fraction : float or None
        A run stops once its loss is at most this fraction of its initial loss. Tested at every
        step of full-batch runs, once in an epoch otherwise.
    stop_residual : float or None
        A run stops once 0 is within this relative distance of the Clarke subdifferential, where
        pre-activations below the same fraction of :math:`|x_i| |w_j|` count as zero: one of
        Goldstein's approximate stationary points. Tested at logged steps.
    n_logged : int
        Upper limit on the number of logged steps, at least 2.
    """

    method: MethodName = "gd"
    n_steps: int = 20_000
    learning_rate: float = 0.5
    momentum: float = 0.0
    schedule: Schedule = "cosine"
    batch_size: int = 0
    train_output: bool = True
    init_scale: float = 1.0
    stop_loss_fraction: float | None = None
    stop_residual: float | None = None
    n_logged: int = 30

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("method", self.method, get_args(MethodName)),
            ("schedule", self.schedule, get_args(Schedule)),
        ):
            if value not in allowed:
                raise ValueError(f"Expected {name} in {allowed}, got {value!r}; choose one.")
        for name, count, least in (
            ("n_steps", self.n_steps, 1),
            ("batch_size", self.batch_size, 0),
            ("n_logged", self.n_logged, 2),
        ):
            if count < least:
                raise ValueError(f"Expected {name} >= {least}, got {count}; raise it.")
        for name, number in (
            ("learning_rate", self.learning_rate),
            ("init_scale", self.init_scale),
        ):
            if not (math.isfinite(number) and number > 0.0):
                raise ValueError(f"Expected a finite {name} > 0, got {number}; make it positive.")
        if self.method == "gd" and self.batch_size > 0:
            raise ValueError(
                f"Expected batch_size = 0 for method 'gd', got {self.batch_size}; "
                "use method 'sgd' for mini-batches."
            )
        if not 0.0 <= self.momentum < 1.0 or (self.momentum > 0.0 and self.method == "adam"):
            raise ValueError(
                f"Expected momentum in [0, 1), and 0 for adam, which has its own, got "
                f"{self.momentum} for {self.method}; try 0.9."
            )
        for name, limit in (
            ("stop_loss_fraction", self.stop_loss_fraction),
            ("stop_residual", self.stop_residual),
        ):
            if limit is not None and not 0.0 < limit < 1.0:
                raise ValueError(
                    f"Expected {name} in (0, 1), got {limit}; use None never to stop there."
                )
        if self.stop_residual is not None and not self.train_output:
            raise ValueError(
                f"Expected stop_residual = None for training the first layer only, got "
                f"{self.stop_residual}; stationarity is that of both layers with weight decay."
            )

    def hidden_std(self, n_neurons: int, d: int) -> float:
        r"""Return the standard deviation :math:`\sigma` of an initial hidden weight.

        Both layers: :math:`1/\sqrt{m d}`, so that :math:`|w_j| \approx |\alpha_j|`, as at every
        stationary point. First layer only: :math:`1/\sqrt m`, as in the coupling lemma.
        """
        features = d if self.train_output else 1
        return self.init_scale / math.sqrt(n_neurons * features)

    def output_std(self, n_neurons: int) -> float:
        r"""Return the standard deviation of an initial output weight.

        Both layers: :math:`1/\sqrt m` times the scale. First layer only: exactly 1.
        """
        return self.init_scale / math.sqrt(n_neurons) if self.train_output else 1.0

    def rows_per_step(self, n: int) -> int:
        """Return the number of samples that one step sees."""
        return n if self.batch_size == 0 else min(self.batch_size, n)


def initial_networks(
    spec: TrainingSpec, n_neurons: int, d: int, rngs: Sequence[np.random.Generator]
) -> NetworkBatch:
    """Draw one Gaussian network from each generator, so no seed depends on how many there are.

    Neurons are drawn hidden weights first, all of them, then the output weights.
    """
    hidden = np.stack([rng.standard_normal((n_neurons, d)) for rng in rngs])
    output = np.stack([rng.standard_normal(n_neurons) for rng in rngs])
    return NetworkBatch(spec.hidden_std(n_neurons, d) * hidden, spec.output_std(n_neurons) * output)


def step_size(spec: TrainingSpec, data: Dataset, n_neurons: int, loss: Loss = SQUARED) -> float:
    r"""Return the initial step in absolute units.

    For both layers the unit is :math:`|X|_2 / (L_b |y|)`, with the expected smoothness of a batch
    of ``b`` of ``n`` samples,

    .. math:: L_b = \frac{n(b-1)}{b(n-1)} |X|_2^2 + \frac{n(n-b)}{b(n-1)} \max_i |x_i|^2 .

    For ``b = n`` it is :math:`1/(|X|_2 |y|)`: at zero weights the curvature is at most
    :math:`|X|_2 |y|`, and the lightest weights that can fit ``y`` have squared norm
    :math:`|y|/|X|_2` in each layer, hence curvature about :math:`|X|_2 |y|` again. The unit follows
    every rescaling of ``X`` and ``y``. If ``X`` or ``y`` vanishes, zero weights are optimal and the
    unit is 1.

    Notes
    -----
    Cost: one singular value decomposition of ``X``.

    References
    ----------
    Expected smoothness: Gower et al. (2019), SGD: General Analysis and Improved Rates,
    Proposition 3.8, arXiv:1901.09401.
    """
    if not spec.train_output:
        return spec.learning_rate / n_neurons
    if spec.method == "adam":
        return spec.learning_rate
    n, b = data.n, spec.rows_per_step(data.n)
    spectral = float(np.linalg.norm(data.X, 2))
    smoothness = spectral**2
    if b < n:
        largest = float(np.max(np.einsum("ik,ik->i", data.X, data.X)))
        smoothness = n * ((b - 1) * smoothness + (n - b) * largest) / (b * (n - 1))
    labels = loss.label_unit(data.y)
    if smoothness == 0.0 or labels == 0.0:
        return spec.learning_rate
    return spec.learning_rate * (spectral / smoothness) / labels


def logged_steps(spec: TrainingSpec) -> tuple[int, ...]:
    """Return the steps to log: 0, a geometric grid, and the last step."""
    grid = np.geomspace(1, spec.n_steps, spec.n_logged - 1)
    return tuple(sorted({0, spec.n_steps, *(int(step) for step in np.rint(grid))}))
