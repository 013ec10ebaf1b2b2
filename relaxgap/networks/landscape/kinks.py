r"""The one-sided derivatives of the training loss, which has kinks where neurons switch.

With :math:`\nu = y - f(X)` and neuron :math:`(w_j, \alpha_j)`, the derivative in the direction
:math:`\delta` of :math:`w_j` is

.. math:: (\beta w_j - \alpha_j X^\top (1[X w_j > 0] \circ \nu))^\top \delta
          - \sum_{i : x_i^\top w_j = 0} \alpha_j \nu_i (x_i^\top \delta)_+ .

A sample on the boundary is a *convex* kink if :math:`\alpha_j \nu_i < 0` and a *concave* one if
:math:`\alpha_j \nu_i > 0`.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks.landscape.structure import activation_signs
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rows import row_lengths, unit_rows
from relaxgap.patterns.hyperplanes import first_parallel
from relaxgap.problems.losses import SQUARED, Loss


@dataclass(frozen=True, slots=True, eq=False)
class OneSidedDerivative:
    r"""Hold the derivative of the training loss in every direction.

    In the direction :math:`(\delta, \eta)` of all hidden and output weights it is
    :math:`\sum_j [c_j^\top \delta_j - \sum_k r_{jk} (u_k^\top \delta_j)_+ + g_j \eta_j]`.

    Parameters
    ----------
    offsets : (m, d) float64
        The linear parts :math:`c_j`.
    reaches : (m, k) float64
        The bends :math:`r_{jk}`: positive at a concave kink, negative at a convex one, 0 at none.
    units : (k, d) float64
        The distinct directions :math:`u_k` of the samples, no two parallel or antiparallel.
    output : (m,) float64
        The partial derivatives :math:`g_j` in the output weights, where the loss is smooth.
    decay : TwoLayerNetwork
        The weight decay part of ``offsets`` and ``output``: beta times the network.
    """

    offsets: Float64[np.ndarray, "m d"]
    reaches: Float64[np.ndarray, "m k"]
    units: Float64[np.ndarray, "k d"]
    output: Float64[np.ndarray, " m"]
    decay: TwoLayerNetwork

    def along(self, hidden: Float64[np.ndarray, "m d"]) -> Float64[np.ndarray, " m"]:
        """Return each neuron's derivative in the given direction of its hidden weight."""
        bends = self.reaches * np.maximum(hidden @ self.units.T, 0.0)
        return np.asarray(np.sum(self.offsets * hidden, axis=1) - np.sum(bends, axis=1))

    def scale_at(
        self, hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, " m"]
    ) -> float:
        """Return the norm of the weight decay part of a gradient plus the norm of the rest."""
        rest = joint_norm(self.decay.hidden - hidden, self.decay.output - output)
        return joint_norm(self.decay.hidden, self.decay.output) + rest


def one_sided_derivative(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    boundary_rtol: float,
    loss: Loss = SQUARED,
) -> OneSidedDerivative:
    r"""Return the derivative of the training loss in every direction.

    Samples of one direction switch a neuron on together, and those of the opposite one switch it
    off: by :math:`(-z)_+ = (z)_+ - z` they make one kink, whose bend is the sum of theirs.

    Parameters
    ----------
    network : TwoLayerNetwork
        Finite weights of the dimension of the data; any of them may be zero.
    data : Dataset
        The training data.
    beta : float
        Regularisation strength, positive and finite.
    boundary_rtol : float
        A pre-activation below this fraction of :math:`\|x_i\| \|w_j\|` counts as zero.
    loss : Loss
        Of the fit.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.
    ValueError
        If a weight is not finite or the network has another dimension than the data.

    Notes
    -----
    Cost: O(m n d) time, O(m n) memory.
    """
    if not (beta > 0.0 and math.isfinite(beta)):
        raise ConfigurationError(
            f"Expected a positive, finite beta, got {beta}; without weight decay the residual has "
            "no scale."
        )
    signs = activation_signs(network, data, boundary_rtol)
    nu = loss.dual_point(network.predict(data.X), data.y)
    decay = TwoLayerNetwork(beta * network.hidden, beta * network.output)
    output = decay.output - np.maximum(network.hidden @ data.X.T, 0.0) @ nu
    offsets = decay.hidden - network.output[:, None] * (np.where(signs > 0, nu, 0.0) @ data.X)
    lengths = row_lengths(data.X)
    # a zero row has no kink
    bent = lengths > 0.0
    pulls = np.where(signs == 0, np.outer(network.output, nu * lengths), 0.0)[:, bent]
    rows = unit_rows(data.X)
    leaders, kink_of = np.unique(first_parallel(rows), return_inverse=True)
    units = rows[leaders]
    opposite = np.sum(rows * units[kink_of], axis=1) < 0.0
    offsets = offsets + pulls[:, opposite] @ units[kink_of[opposite]]
    reaches = np.zeros((network.width, leaders.size))
    np.add.at(reaches.T, kink_of, pulls.T)
    return OneSidedDerivative(offsets, reaches, units, output, decay)


def joint_norm(hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, " m"]) -> float:
    """Return the Euclidean norm over the weights of both layers."""
    return math.hypot(float(np.linalg.norm(hidden)), float(np.linalg.norm(output)))
