"""What a method makes of a gradient: plain, heavy ball or Adam directions, on any backend."""

from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float

from relaxgap.numerics.backend import Array, Arrays
from relaxgap.training.weights import Weights

ADAM_DECAY = (0.9, 0.999)
"""Decay rates of the two moments, the defaults of Kingma and Ba (2015), arXiv:1412.6980."""

ADAM_EPSILON = 1e-8
"""Added to the root of the bias-corrected second moment (same source)."""


@runtime_checkable
class Method(Protocol):
    """Turn gradients into directions, with a memory of each run."""

    def direct(self, gradient: Weights) -> Weights:
        """Return the direction to step against; the gradient is used up."""
        ...

    def keep(self, kept: Bool[Array, " R"]) -> None:
        """Drop the runs that have ended."""
        ...


class HeavyBall:
    r"""Step against :math:`v \leftarrow \mu v + g`; with :math:`\mu = 0` against the gradient.

    Parameters
    ----------
    weights : Weights
        Of the runs.
    momenta : (R, 1) backend array or None
        :math:`\mu` of each run, None if all are 0.
    arrays : Arrays
        The backend.
    train_output : bool
        Whether the output weights move too.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    """

    def __init__(
        self,
        weights: Weights,
        momenta: Float[Array, "R 1"] | None,
        arrays: Arrays,
        train_output: bool,
    ) -> None:
        self.arrays, self.momenta, self.train_output = arrays, momenta, train_output
        self.velocity = None if momenta is None else weights.zeros(arrays)

    def direct(self, gradient: Weights) -> Weights:
        """See `Method`."""
        velocity = self.velocity
        if velocity is None:
            return gradient
        velocity.set_scaled(velocity, self.momenta, self.arrays, output=self.train_output)
        velocity.flat += gradient.flat
        return velocity

    def keep(self, kept: Bool[Array, " R"]) -> None:
        """See `Method`."""
        if self.velocity is not None and self.momenta is not None:
            self.velocity = self.velocity.of_runs(kept, self.arrays)
            self.momenta = self.momenta[kept]


class Adam:
    """Step against the bias-corrected ratio of the moments of the gradient.

    Weight decay is part of the gradient: with the decoupled decay of AdamW the limits would not be
    stationary points of the training loss.

    References
    ----------
    Kingma & Ba (2015), Algorithm 1, arXiv:1412.6980.
    """

    def __init__(self, weights: Weights, arrays: Arrays) -> None:
        self.arrays = arrays
        self.first, self.second = weights.zeros(arrays), weights.zeros(arrays)
        self.scratch = weights.zeros(arrays)
        self.n_updates = 0

    def direct(self, gradient: Weights) -> Weights:
        """See `Method`."""
        self.n_updates += 1
        xp, (decay_first, decay_second) = self.arrays.xp, ADAM_DECAY
        g, scratch = gradient.flat, self.scratch.flat
        first, second = self.first.flat, self.second.flat
        xp.multiply(g, 1.0 - decay_first, out=scratch)
        first *= decay_first
        first += scratch
        xp.multiply(g, g, out=scratch)
        scratch *= 1.0 - decay_second
        second *= decay_second
        second += scratch
        xp.multiply(second, 1.0 / (1.0 - decay_second**self.n_updates), out=scratch)
        xp.sqrt(scratch, out=scratch)
        scratch += ADAM_EPSILON
        xp.divide(first, scratch, out=g)
        g *= 1.0 / (1.0 - decay_first**self.n_updates)
        return gradient

    def keep(self, kept: Bool[Array, " R"]) -> None:
        """See `Method`."""
        self.first = self.first.of_runs(kept, self.arrays)
        self.second = self.second.of_runs(kept, self.arrays)
        self.scratch = self.scratch.of_runs(kept, self.arrays)
