r"""Gradient descent, its stochastic kin and Adam on networks with several outputs.

The loss is that of `relaxgap.problems.vector_output`: a sum over samples and half ``beta`` times
the squares of all weights. All runs take their steps at once.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.vector_output import VectorProgram

METHODS = ("gd", "sgd", "adam")
DECAY, SECOND_DECAY, SMALL = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class VectorDescent:
    """Say how networks with several outputs are trained.

    Parameters
    ----------
    method : str
        ``gd``; ``sgd``, on batches of a fifth of the samples; or ``adam``.
    width : int
        Neurons of each network.
    n_runs : int
        Networks, each from a start of its own.
    n_steps : int
        Steps of each.
    learning_rate : float
        Of ``adam`` as it is; of the others over the largest curvature of the squared loss at the
        start. It falls to nothing by half a cosine.
    init_scale : float
        Standard deviation of the weights at the start, over the square root of the columns.
    """

    method: str = "adam"
    width: int = 20
    n_runs: int = 50
    n_steps: int = 4000
    learning_rate: float = 0.02
    init_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigurationError(
                f"Expected a method out of {', '.join(METHODS)}, got {self.method!r}; choose one."
            )
        for name in ("width", "n_runs", "n_steps", "learning_rate", "init_scale"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"Expected {name} > 0, got {getattr(self, name)}; raise it."
                )


def train(
    program: VectorProgram, plan: VectorDescent, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "s m d"], Float64[np.ndarray, "s m q"]]:
    """Return the networks at the end of their runs.

    Notes
    -----
    Cost: O(s m N (d + q)) a step for s runs of width m.
    """
    data = program.data
    W = rng.standard_normal((plan.n_runs, plan.width, data.d)) * plan.init_scale / np.sqrt(data.d)
    V = rng.standard_normal((plan.n_runs, plan.width, data.q)) * plan.init_scale
    V /= np.sqrt(plan.width)
    first = [np.zeros_like(W), np.zeros_like(V)]
    second = [np.zeros_like(W), np.zeros_like(V)]
    rates = plan.learning_rate * np.ones(plan.n_runs)
    if plan.method != "adam":
        rates = rates / _curvatures(program, W, V)
    batch = data.n if plan.method != "sgd" else max(1, data.n // 5)
    for step in range(plan.n_steps):
        checkpoint()
        fall = 0.5 * (1.0 + np.cos(np.pi * step / plan.n_steps))
        samples = np.arange(data.n) if batch == data.n else rng.permutation(data.n)[:batch]
        gradients = _gradients(program, W, V, samples)
        rate = (rates * fall)[:, None, None]
        for weights, gradient, mean, square in zip((W, V), gradients, first, second, strict=True):
            if plan.method == "adam":
                mean *= DECAY
                mean += (1.0 - DECAY) * gradient
                square *= SECOND_DECAY
                square += (1.0 - SECOND_DECAY) * gradient**2
                scaled = mean / (1.0 - DECAY ** (step + 1))
                scaled /= np.sqrt(square / (1.0 - SECOND_DECAY ** (step + 1))) + SMALL
                weights -= rate * scaled
            else:
                weights -= rate * gradient
    return W, V


def losses(
    program: VectorProgram, W: Float64[np.ndarray, "s m d"], V: Float64[np.ndarray, "s m q"]
) -> Float64[np.ndarray, " s"]:
    """Return the training loss of every network, at its cheapest scaling."""
    return np.array([program.value(hidden, output) for hidden, output in zip(W, V, strict=True)])


def _gradients(
    program: VectorProgram,
    W: Float64[np.ndarray, "s m d"],
    V: Float64[np.ndarray, "s m q"],
    samples: np.ndarray,
) -> tuple[Float64[np.ndarray, "s m d"], Float64[np.ndarray, "s m q"]]:
    """Return unbiased gradients of the loss from some samples."""
    data, T = program.data, program.data.n_patches
    rows = data.X.reshape(data.n, T, data.d)[samples].reshape(-1, data.d)
    share = data.n / samples.size
    along = W @ rows.T
    active = np.maximum(along, 0.0)
    pooled = active.reshape(*active.shape[:2], samples.size, T).sum(axis=3)
    rest = np.swapaxes(pooled, 1, 2) @ V - data.Y[samples]
    of_V = share * (pooled @ rest) + program.beta * V
    back = (
        np.repeat(V @ np.swapaxes(rest, 1, 2), T, axis=2) if T > 1 else V @ np.swapaxes(rest, 1, 2)
    )
    of_W = share * ((along > 0.0) * back) @ rows + program.beta * W
    return of_W, of_V


def _curvatures(
    program: VectorProgram, W: Float64[np.ndarray, "s m d"], V: Float64[np.ndarray, "s m q"]
) -> Float64[np.ndarray, " s"]:
    """Bound the curvature of the loss at the start, run by run."""
    T = program.data.n_patches
    rows = T * float(np.linalg.norm(program.data.X, 2)) ** 2
    sizes = np.linalg.norm(W, axis=(1, 2)) ** 2 + np.linalg.norm(V, axis=(1, 2)) ** 2
    return np.asarray(rows * np.maximum(sizes, 1.0) + program.beta)
