"""Parallel narrow networks of one column: one neuron in every hidden layer of each branch."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.saving import save_arrays
from relaxgap.numerics.limits import rows_at_once
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.problems.one_column import OneColumnProgram, Ramps


@dataclass(frozen=True, slots=True, eq=False)
class NarrowNetwork:
    r"""Hold :math:`x \mapsto c + \sum_k w_{kL} (\dots (w_{k1} x + b_{k1})_+ \dots)_+`.

    Parameters
    ----------
    weights : (K, L) float64
        One branch a row, from the first layer to the output.
    biases : (K, L - 1) float64
        Of the hidden layers.
    output_bias : float
        c.

    Examples
    --------
    >>> import numpy as np
    >>> from relaxgap.networks.narrow_network import NarrowNetwork
    >>> ramp = NarrowNetwork(np.array([[1.0, -1.0, -2.0]]), np.array([[0.0, 1.0]]), 2.0)
    >>> ramp.predict(np.array([-1.0, 0.5, 3.0])).tolist()
    [0.0, 1.0, 2.0]
    """

    weights: Float64[np.ndarray, "K L"]
    biases: Float64[np.ndarray, "K H"]
    output_bias: float

    def __post_init__(self) -> None:
        K, L = self.weights.shape
        if L < 2 or self.biases.shape != (K, L - 1):
            raise ValueError(
                f"Expected weights (K, L) with L >= 2 and biases (K, L - 1), got "
                f"{self.weights.shape} and {self.biases.shape}; make them match."
            )

    @property
    def width(self) -> int:
        """Number of branches, ``K``."""
        return int(self.weights.shape[0])

    @property
    def depth(self) -> int:
        """Layers of weights, ``L``."""
        return int(self.weights.shape[1])

    @property
    def arrays(self) -> dict[str, Float64[np.ndarray, "..."]]:
        """What a file holds."""
        bias = np.array([self.output_bias])
        return {"weights": self.weights, "biases": self.biases, "output_bias": bias}

    def predict(self, X: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, " n"]:
        """Return the output for each row of ``X``, (n, 1) or (n,)."""
        x = np.asarray(X, dtype=np.float64).reshape(len(X))
        found = np.full(x.shape, self.output_bias)
        chunk = rows_at_once(max(self.width, 1))
        for start in range(0, x.size, chunk):
            some = slice(start, start + chunk)
            h = np.broadcast_to(x[some, None], (x[some].size, self.width))
            for w, b in zip(self.weights.T[:-1], self.biases.T, strict=True):
                h = np.maximum(h * w + b, 0.0)
            found[some] += h @ self.weights[:, -1]
        return found

    @property
    def cost(self) -> float:
        r"""What ``beta`` multiplies at the cheapest scaling: :math:`\sum_k \prod_l |w_{kl}|`."""
        return float(np.abs(np.prod(self.weights, axis=1)).sum())

    def training_loss(self, data: Dataset, beta: float, loss: Loss = SQUARED) -> float:
        r"""Return :math:`\ell(f(x)) + \tfrac\beta L \sum_{kl} |w_{kl}|^L`, a sum over samples."""
        penalty = float(np.sum(np.abs(self.weights) ** self.depth)) / self.depth
        return loss.value(self.predict(data.X), data.y) + beta * penalty

    def balanced(self) -> "NarrowNetwork":
        """Return the same function at its cheapest scaling, without branches of no slope."""
        sizes = np.abs(np.prod(self.weights, axis=1))
        some = sizes > 0.0
        # a branch that is constant has weights of zero, and what it adds is a bias
        rest = NarrowNetwork(self.weights[~some], self.biases[~some], self.output_bias)
        constant = float(rest.predict(np.zeros(1))[0])
        weights, biases = self.weights[some], self.biases[some]
        length = sizes[some, None] ** (1.0 / self.depth)
        before = np.cumprod(length / np.abs(weights[:, :-1]), axis=1)
        return NarrowNetwork(np.sign(weights) * length, biases * before, constant)

    def save(self, path: str | Path) -> Path:
        """Write ``weights``, ``biases`` and ``output_bias`` to an ``.npz`` file; return its path.

        Raises
        ------
        ConfigurationError
            If the path does not end in ``.npz``.
        DataError
            If a weight is not finite.
        StorageError
            If the file cannot be written.
        """
        return save_arrays(path, self.arrays)


def to_narrow(program: OneColumnProgram, ramps: Ramps) -> NarrowNetwork:
    """Return the balanced network of the program's depth that is these ramps, in units of the data.

    Ramps that reach an end of the data go on beyond it.
    """
    n_branches, L, end = ramps.size.size, program.depth, program.n_sites - 1
    begin_at, end_at = program.sites[ramps.first], program.sites[ramps.last]
    size = np.ldexp(ramps.size, program.y_exponent - program.x_exponent)
    rises = ramps.last == end
    falls = ~rises & (ramps.first == 0)
    bounded = ~rises & ~falls
    length = np.abs(size) ** (1.0 / L)
    weights = np.repeat(length[:, None], L, axis=1)
    biases = np.zeros((n_branches, L - 1))
    biases[:, 0] = -length * begin_at
    # relu(b - x), and in the second layer (b - a) - relu(x - a), go down where the ramp goes up
    weights[falls, 0] *= -1.0
    biases[falls, 0] = (length * end_at)[falls]
    if L > 2:
        weights[bounded, 1] *= -1.0
        biases[bounded, 1] = (length**2 * (end_at - begin_at))[bounded]
    weights[:, -1] *= np.where(rises, 1.0, -1.0) * np.sign(size)
    whole = (size * (end_at - begin_at))[~rises]
    constant = math.fsum([program.center, math.ldexp(ramps.left, program.y_exponent), *whole])
    return NarrowNetwork(weights, biases, constant)
