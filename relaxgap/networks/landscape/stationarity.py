r"""How far a network is from a Clarke stationary point of its training loss.

The loss is not differentiable where a pre-activation is zero. Its Clarke subdifferential there is
the convex hull of the gradients around the point; the network is stationary if it contains 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks.landscape.kinks import joint_norm, one_sided_derivative
from relaxgap.networks.landscape.structure import refuse_misfit
from relaxgap.networks.landscape.zonotopes import smallest_elements
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.problems.losses import SQUARED, Loss

BOUNDARY_RTOL = 1e-6
"""A pre-activation below this fraction of ``|x_i| |w_j|`` lies on the boundary of its cone."""


@dataclass(frozen=True, slots=True, eq=False)
class Subgradient:
    """Hold the smallest element of the Clarke subdifferential of the training loss.

    Parameters
    ----------
    hidden : (m, d) float64
        Its part in the hidden weights.
    output : (m,) float64
        Its part in the output weights, where the loss is differentiable.
    scale : float
        Norm of its weight decay part plus norm of its data part, over all weights: at least
        ``norm``.
    """

    hidden: Float64[np.ndarray, "m d"]
    output: Float64[np.ndarray, " m"]
    scale: float

    @property
    def norm(self) -> float:
        """Its Euclidean norm over all weights."""
        return joint_norm(self.hidden, self.output)

    @property
    def relative_norm(self) -> float:
        """``norm / scale``, between 0 (stationary) and 1 (nothing cancels); 0 if both are 0."""
        return self.norm / self.scale if self.scale > 0.0 else 0.0


def stationarity_residual(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    boundary_rtol: float = BOUNDARY_RTOL,
    loss: Loss = SQUARED,
) -> float:
    r"""Return the relative distance of 0 from the Clarke subdifferential of the training loss.

    It is the norm of the smallest subgradient over the sum of the norms of its weight decay part
    :math:`\beta (W, \alpha)` and its data part: 0 at a stationary point, at most 1 anywhere, and
    the same in any units of ``X`` and ``y`` in which the network is trained.

    Parameters
    ----------
    network, data, beta, boundary_rtol, loss
        As for `minimum_subgradient`, which says what is measured at a kink.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.
    ValueError
        If a weight is not finite or the network has another dimension than the data.
    """
    return minimum_subgradient(network, data, beta, boundary_rtol, loss).relative_norm


def minimum_subgradient(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    boundary_rtol: float = BOUNDARY_RTOL,
    loss: Loss = SQUARED,
) -> Subgradient:
    r"""Return the smallest element of the Clarke subdifferential of the training loss.

    With :math:`\nu = -\nabla \ell(f(X))`, which is :math:`y - f(X)` for the squared loss, the part
    of :math:`\alpha_j` is the number :math:`\beta \alpha_j - \nu^\top (X w_j)_+`, and the part of
    :math:`w_j` is the set

    .. math:: \{\beta w_j - \alpha_j X^\top (t \circ \nu)\}, \quad t_i = 1[x_i^\top w_j > 0],
              \quad t_i \in [0, 1] \text{ where } x_i^\top w_j = 0.

    The hidden weights move independently, so the Clarke set of the whole network is the product of
    these sets, and its smallest element solves one small box-constrained least squares problem for
    each neuron on a kink. A stationary point need not be a local minimum: some kinks are concave,
    and `steepest_descent` leaves them.

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
    The box is the Clarke set exactly when the distinct directions among the samples on the
    boundary of a neuron are linearly independent, as for data in general position at any
    :math:`w_j \ne 0`; parallel and antiparallel samples share one :math:`t`. Otherwise the box is
    larger than the Clarke set and the norm is a lower bound.

    Cost: O(m n d) time, O(m n) memory, and O(k^3 d) for a neuron with k samples on its boundary.

    References
    ----------
    Clarke (1990), Theorem 2.5.1; Wang, Lacotte & Pilanci (2022), Clarke stationary networks.
    """
    derivative = one_sided_derivative(network, data, beta, boundary_rtol, loss)
    hidden = smallest_elements(derivative.offsets, derivative.reaches, derivative.units)
    return Subgradient(hidden, derivative.output, derivative.scale_at(hidden, derivative.output))


def implied_beta(network: TwoLayerNetwork, data: Dataset, loss: Loss = SQUARED) -> float:
    r"""Return the beta at which the smallest subgradient of the training loss is shortest.

    With :math:`\nu = -\nabla \ell(f(X))` the weights :math:`\theta = (W, \alpha)` are stationary if
    :math:`\beta \theta = g` for the data part :math:`g` with :math:`g_{\alpha_j} =
    \nu^\top (X w_j)_+` and :math:`g_{w_j} = \alpha_j X^\top (t \circ \nu)`. The least squares
    solution is the projection of :math:`g` on the weights,

    .. math:: \beta = \frac{\theta^\top g}{\|\theta\|^2}
              = \frac{\sum_j 2 \alpha_j \nu^\top (X w_j)_+}{\sum_j (\|w_j\|^2 + \alpha_j^2)}
              = \frac{2 \nu^\top f(X)}{\sum_j (\|w_j\|^2 + \alpha_j^2)},

    whatever :math:`t` is at a kink, where :math:`x_i^\top w_j = 0`. A stationary network has no
    other beta; any network is stationary in its scale :math:`c \theta` at this one, and
    `stationarity_residual`, which is relative and may be smaller elsewhere, measures the rest.

    Parameters
    ----------
    network : TwoLayerNetwork
        Finite weights of the dimension of the data, not all zero.
    data : Dataset
        The training data.

    Raises
    ------
    ConfigurationError
        If the network is zero or the beta is not positive and finite.
    ValueError
        If a weight is not finite or the network has another dimension than the data.

    Notes
    -----
    Its rounding error is that of :math:`\nu^\top f(X)`: the beta of a network that interpolates
    the labels may be positive by rounding alone.

    Cost: O(m n d) time, O(m n) memory.
    """
    refuse_misfit(network, data)
    with np.errstate(over="ignore", invalid="ignore"):
        penalty = float(np.sum(network.hidden**2)) + float(np.sum(network.output**2))
        fit = network.predict(data.X)
        correlation = float(loss.dual_point(fit, data.y) @ fit)
    return refuse_implied(2.0 * correlation, penalty)


def refuse_implied(correlation: float, squares: float) -> float:
    """Return the beta that a projection implies, of the data part on what is penalised.

    Parameters
    ----------
    correlation : float
        Product of both.
    squares : float
        Squares of what is penalised.

    Raises
    ------
    ConfigurationError
        If nothing is penalised, or the beta is not positive and finite.
    """
    if squares == 0.0:
        raise ConfigurationError(
            "Expected a network with weights other than zero, got the zero network, which is "
            "stationary at every beta; set beta."
        )
    beta = correlation / squares
    if not (beta > 0.0 and math.isfinite(beta)):
        raise ConfigurationError(
            f"Expected weights that imply a positive, finite beta, got {beta:g}; the network was "
            "not trained to the end with weight decay on this data, so set beta."
        )
    return beta
