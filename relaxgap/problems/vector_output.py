r"""Training with several outputs: what all that is proven of it is computed from.

.. math:: \min \tfrac12 \Big\|\sum_j S (X u_j)_+ v_j^\top - Y\Big\|_F^2
          + \tfrac\beta2 \sum_j (\|u_j\|^2 + \|v_j\|^2),

with :math:`S` the sum over the rows of each sample, the identity where a sample is one row. Its
dual is

.. math:: \max_R \langle R, Y \rangle - \tfrac12 \|R\|_F^2
          \quad\text{subject to}\quad \|R^\top S (X u)_+\| \le \beta \text{ for all } \|u\| \le 1,

two programs of one value for networks that are wide enough. Output biases :math:`b` of cost
:math:`\tfrac\rho2 |b|^2` are found by themselves: what is left is this problem with
:math:`T S` and :math:`T Y` for :math:`S` and :math:`Y`, where :math:`T = I - \tau 11^\top / n` and
:math:`(1 - \tau)^2 = \rho / (n + \rho)`, so that free biases centre the labels and all features.
It is none of the programs of
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
    r"""State training with several outputs under the squared loss.

    Parameters
    ----------
    data : VectorDataset
        Rows, and labels of every sample.
    beta : float
        Regularisation strength, positive and finite.
    centring : float
        The part :math:`\tau` of the means over samples that output biases take away; the labels of
        ``data`` are without it already.
    label_error : float
        How far rounding may have put these from what they are to be, in the Frobenius norm.
    slack : float
        How much larger a price of the problem that is meant may be than one of these rows: of free
        hidden biases, whose column is long (`relaxgap.problems.biases.BiasColumn`).
    free_column : bool
        Whether the last column is the one of free hidden biases, whose weights cost nothing in the
        problem that is meant.

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
    centring: float = 0.0
    label_error: float = 0.0
    slack: float = 1.0
    free_column: bool = False

    def __post_init__(self) -> None:
        if not (self.beta > 0.0 and math.isfinite(self.beta)):
            raise ConfigurationError(
                f"Expected a positive, finite beta, got {self.beta}; give for example a "
                "beta_fraction of 0.1."
            )

    def pooled(self, rows: Float64[np.ndarray, "N k"]) -> Float64[np.ndarray, "n k"]:
        """Add up what the rows of each sample hold, without the part that output biases take."""
        if self.data.n_patches > 1:
            rows = np.asarray(rows.reshape(self.data.n, self.data.n_patches, -1).sum(axis=1))
        return self._centred(rows)

    def spread(self, R: Float64[np.ndarray, "n q"]) -> Float64[np.ndarray, "N q"]:
        """Give each row what its sample has: the adjoint of `pooled`."""
        R = self._centred(R)
        return R if self.data.n_patches == 1 else np.repeat(R, self.data.n_patches, axis=0)

    def priced(self, R: Float64[np.ndarray, "n q"], largest: float) -> float:
        """Return what bounds the prices that are meant, where those of these rows are bounded."""
        if self.centring == 0.0:
            return largest * self.slack
        # of spreading a dual point that is not centred to the last bit
        lengths = float(np.linalg.norm(self.data.X, axis=1).sum())
        furthest = float(np.linalg.norm(R, axis=1).max(initial=0.0))
        return (largest + 4.0 * EPS * (self.data.n + 8) * lengths * furthest) * self.slack

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
        """Return the loss of a network in the problem that is meant, and its rounding.

        An upper bound of the optimum; `value` charges for free hidden biases.
        """
        total = _total_norm(hidden, output)
        cost = _total_norm(hidden[:, :-1], output) if self.free_column else total
        n_terms = self.data.d + hidden.shape[0] + self.data.n_patches + 8
        room = math.sqrt(self.data.n_patches) * float(np.linalg.norm(self.data.X))
        distance = 4.0 * EPS * n_terms * room * total
        y, fit = self.data.Y.ravel(), self.fit(hidden, output).ravel()
        # centring adds a sum over samples
        distance = distance * (1.0 + self.centring * self.data.n) + self.label_error
        value = SQUARED.value(fit, y) + self.beta * cost
        return (value + SQUARED.value_error(fit, y, distance)) * (1.0 + 4.0 * EPS * (y.size + 8))

    def _centred(self, rows: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, "n k"]:
        return rows - self.centring * rows.mean(axis=0) if self.centring > 0.0 else rows


def without_biases(
    Y: Float64[np.ndarray, "n q"], penalty: float | None
) -> tuple[Float64[np.ndarray, "n q"], float, float]:
    r"""Take away the part of labels that output biases explain.

    Parameters
    ----------
    Y : (n, q) float64
        Labels.
    penalty : float or None
        The cost :math:`\rho` of output biases, 0 of free ones; None where there are none.

    Returns
    -------
    labels, centring, label_error
        What `VectorProgram` takes.
    """
    if penalty is None:
        return Y, 0.0, 0.0
    n = Y.shape[0]
    kept = math.sqrt(penalty / (n + penalty))
    means = Y.mean(axis=0)
    if kept == 0.0:
        # twice, since the first mean is rounded in units of the labels
        moved = Y - means
        centred = moved - moved.mean(axis=0)
        # moved by any constant the problem is the same one, and a difference is off by its last
        # bit; what is left of a mean is none of the problem
        left = math.sqrt(n) * float(np.linalg.norm(centred.mean(axis=0)))
        size = float(np.linalg.norm(moved)) + float(np.linalg.norm(centred))
        return centred, 1.0, 2.0 * EPS * (n + 8) * size + left
    moved = Y - (1.0 - kept) * means
    size = float(np.linalg.norm(Y)) + math.sqrt(n) * float(np.linalg.norm(means))
    return moved, 1.0 - kept, 4.0 * EPS * (n + 8) * size


def _total_norm(hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, "m q"]) -> float:
    return float(np.linalg.norm(hidden, axis=1) @ np.linalg.norm(output, axis=1))
