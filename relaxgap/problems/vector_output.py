r"""Training with several outputs: what all that is proven of it is computed from.

.. math:: \min \tfrac12 \Big\|\sum_j S (X u_j)_+ v_j^\top - Y\Big\|_F^2
          + \tfrac\beta2 \sum_j (\|u_j\|^2 + \|v_j\|^2),

with :math:`S` the sum over the rows of each sample, the identity where a sample is one row. Its
dual is

.. math:: \max_R \langle R, Y \rangle - \tfrac12 \|R\|_F^2
          \quad\text{subject to}\quad \|R^\top S (X u)_+\| \le \beta \text{ for all } \|u\| \le 1,

two programs of one value for networks that are wide enough. It is none of the programs of
`relaxgap.problems.program`: the norm of a block of it, which counts the cheapest sum of neurons of
its cell, is no function that can be evaluated. A point of it is a network.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rounding import EPS
from relaxgap.problems.losses import SQUARED

NAME = "vector"
"""What configs and the command line call it."""


@dataclass(frozen=True, slots=True, eq=False)
class VectorProgram:
    """State training with several outputs under the squared loss.

    Parameters
    ----------
    data : VectorDataset
        Rows, and labels of every sample.
    beta : float
        Regularisation strength, positive and finite.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.

    References
    ----------
    Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Theorem 1.
    """

    data: VectorDataset
    beta: float

    def __post_init__(self) -> None:
        if not (self.beta > 0.0 and math.isfinite(self.beta)):
            raise ConfigurationError(
                f"Expected a positive, finite beta, got {self.beta}; give for example a "
                "beta_fraction of 0.1."
            )

    def pooled(self, rows: Float64[np.ndarray, "N k"]) -> Float64[np.ndarray, "n k"]:
        """Add up what the rows of each sample hold."""
        if self.data.n_patches == 1:
            return rows
        return np.asarray(rows.reshape(self.data.n, self.data.n_patches, -1).sum(axis=1))

    def spread(self, R: Float64[np.ndarray, "n q"]) -> Float64[np.ndarray, "N q"]:
        """Give each row what its sample has: the adjoint of `pooled`."""
        return R if self.data.n_patches == 1 else np.repeat(R, self.data.n_patches, axis=0)

    def features(self, hidden: Float64[np.ndarray, "m d"]) -> Float64[np.ndarray, "n m"]:
        r"""Return :math:`S (X u_j)_+` of every neuron, one a column."""
        return self.pooled(np.maximum(self.data.X @ hidden.T, 0.0))

    def fit(
        self, hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, "m q"]
    ) -> Float64[np.ndarray, "n q"]:
        """Return the predictions of a network."""
        return np.asarray(self.features(hidden) @ output)

    def value(
        self, hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, "m q"]
    ) -> float:
        """Return the training loss of a network at its cheapest scaling."""
        residual = self.data.Y - self.fit(hidden, output)
        return 0.5 * float(np.sum(residual**2)) + self.beta * _total_norm(hidden, output)

    def attained(
        self, hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, "m q"]
    ) -> float:
        """Return `value` and its rounding: an upper bound of the optimum."""
        total = _total_norm(hidden, output)
        n_terms = self.data.d + hidden.shape[0] + self.data.n_patches + 8
        room = math.sqrt(self.data.n_patches) * float(np.linalg.norm(self.data.X))
        distance = 4.0 * EPS * n_terms * room * total
        y, fit = self.data.Y.ravel(), self.fit(hidden, output).ravel()
        value = SQUARED.value(fit, y) + self.beta * total
        return (value + SQUARED.value_error(fit, y, distance)) * (1.0 + 4.0 * EPS * (y.size + 8))


def _total_norm(hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, "m q"]) -> float:
    return float(np.linalg.norm(hidden, axis=1) @ np.linalg.norm(output, axis=1))
