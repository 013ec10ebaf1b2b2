r"""Gradient methods on parallel three-layer networks, from many starts at once.

The loss is that of `relaxgap.problems.three_layer`: half the squared error and half ``beta`` times
the squares of the second and third layers' weights. First layers are normalised inside of it, so
that the methods move freely.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.three_layer import FROBENIUS, ThreeLayerProgram

METHODS = ("lbfgs", "adam", "gd")
DECAY, SECOND_DECAY, SMALL = 0.9, 0.999, 1e-8

Layers = tuple[
    Float64[np.ndarray, "s K m d"], Float64[np.ndarray, "s K m"], Float64[np.ndarray, "s K"]
]


@dataclass(frozen=True, slots=True)
class ThreeLayerDescent:
    """Say how three-layer networks are trained.

    Parameters
    ----------
    method : str
        ``lbfgs``, run by run; ``adam`` or ``gd``, all runs at once.
    width : int
        Sub-networks of each network.
    n_runs : int
        Networks, each from a start of its own.
    n_steps : int
        Steps of each.
    learning_rate : float
        Of ``adam`` and ``gd``; it falls to nothing by half a cosine.
    init_scale : float
        Standard deviation of the second and third layers' weights at the start.
    """

    method: str = "lbfgs"
    width: int = 10
    n_runs: int = 50
    n_steps: int = 2000
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


def train(program: ThreeLayerProgram, plan: ThreeLayerDescent, rng: np.random.Generator) -> Layers:
    """Return normalised first layers, second and third weights at the end of the runs.

    Notes
    -----
    Cost: O(s K m n d) a step for s runs of width K.
    """
    shape = (plan.n_runs, plan.width, program.width)
    hidden = rng.standard_normal((*shape, program.data.d))
    inner = rng.standard_normal(shape) * plan.init_scale
    output = rng.standard_normal(shape[:2]) * plan.init_scale / np.sqrt(plan.width)
    start = hidden, inner, output
    by = _by_lbfgs if plan.method == "lbfgs" else _by_steps
    hidden, inner, output = by(program, plan, start)
    lengths = _lengths(program, hidden)
    return hidden / np.where(lengths > 0.0, lengths, 1.0), inner, output


def losses(
    program: ThreeLayerProgram,
    hidden: Float64[np.ndarray, "s K m d"],
    inner: Float64[np.ndarray, "s K m"],
    output: Float64[np.ndarray, "s K"],
) -> Float64[np.ndarray, " s"]:
    """Return the training loss of every network, at its cheapest scaling."""
    return np.array([program.value(*layers) for layers in zip(hidden, inner, output, strict=True)])


def _by_lbfgs(program: ThreeLayerProgram, plan: ThreeLayerDescent, start: Layers) -> Layers:
    ended = []
    shapes = [layer.shape[1:] for layer in start]
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def layers_of(weights: Float64[np.ndarray, " D"]) -> list[Float64[np.ndarray, "..."]]:
        parts = zip(np.split(weights, cuts), shapes, strict=True)
        return [part.reshape(1, *shape) for part, shape in parts]

    def of_weights(weights: Float64[np.ndarray, " D"]) -> tuple[float, Float64[np.ndarray, " D"]]:
        checkpoint()
        value, gradients = _model(program, *layers_of(weights))
        return float(value[0]), np.concatenate([part.ravel() for part in gradients])

    for run in range(plan.n_runs):
        weights = np.concatenate([layer[run].ravel() for layer in start])
        options = {"maxiter": plan.n_steps, "maxfun": 2 * plan.n_steps, "ftol": 1e-14}
        found: Any = minimize(  # type: ignore[call-overload]
            of_weights, weights, jac=True, method="L-BFGS-B", options=options
        )
        ended.append(layers_of(found.x))
    hidden, inner, output = (np.concatenate(layer) for layer in zip(*ended, strict=True))
    return hidden, inner, output


def _by_steps(program: ThreeLayerProgram, plan: ThreeLayerDescent, start: Layers) -> Layers:
    layers = [layer.copy() for layer in start]
    first, second = [0.0 * layer for layer in layers], [0.0 * layer for layer in layers]
    for step in range(plan.n_steps):
        checkpoint()
        _, gradients = _model(program, layers[0], layers[1], layers[2])
        rate = plan.learning_rate * 0.5 * (1.0 + np.cos(np.pi * step / plan.n_steps))
        for weights, gradient, mean, square in zip(layers, gradients, first, second, strict=True):
            if plan.method == "gd":
                weights -= rate * gradient
                continue
            mean += (1.0 - DECAY) * (gradient - mean)
            square += (1.0 - SECOND_DECAY) * (gradient**2 - square)
            scaled = mean / (1.0 - DECAY ** (step + 1))
            weights -= (
                rate * scaled / (np.sqrt(square / (1.0 - SECOND_DECAY ** (step + 1))) + SMALL)
            )
    return layers[0], layers[1], layers[2]


def _model(
    program: ThreeLayerProgram,
    hidden: Float64[np.ndarray, "s K m d"],
    inner: Float64[np.ndarray, "s K m"],
    output: Float64[np.ndarray, "s K"],
) -> tuple[Float64[np.ndarray, " s"], Layers]:
    """Return the loss of every network and its gradient."""
    X, y, beta = program.data.X, program.data.y, program.beta
    lengths = _lengths(program, hidden)
    units = hidden / np.where(lengths > 0.0, lengths, 1.0)
    along = units @ X.T
    active = np.maximum(along, 0.0)
    before = np.einsum("skmn,skm->skn", active, inner)
    features = np.maximum(before, 0.0)
    rest = np.einsum("skn,sk->sn", features, output) - y
    squares = np.sum(inner**2, axis=(1, 2)) + np.sum(output**2, axis=1)
    value = 0.5 * np.sum(rest**2, axis=1) + 0.5 * beta * squares
    of_output = np.einsum("skn,sn->sk", features, rest) + beta * output
    back = output[:, :, None] * rest[:, None, :] * (before > 0.0)
    of_inner = np.einsum("skmn,skn->skm", active, back) + beta * inner
    of_units = ((along > 0.0) * inner[..., None] * back[:, :, None, :]) @ X
    axes = (2, 3) if program.normalisation == FROBENIUS else 3
    inward = np.sum(of_units * units, axis=axes, keepdims=True)
    of_hidden = (of_units - inward * units) / np.where(lengths > 0.0, lengths, 1.0)
    return value, (of_hidden, of_inner, of_output)


def _lengths(
    program: ThreeLayerProgram, hidden: Float64[np.ndarray, "s K m d"]
) -> Float64[np.ndarray, "..."]:
    """Return what first layers are divided by."""
    axes = (2, 3) if program.normalisation == FROBENIUS else 3
    return np.asarray(np.sqrt(np.sum(hidden**2, axis=axes, keepdims=True)))
