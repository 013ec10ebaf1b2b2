r"""The direction in which the training loss falls fastest, kinks included.

At a Clarke stationary point on a concave kink the loss still falls to first order; at a local
minimum no one-sided derivative is negative.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.landscape.kinks import OneSidedDerivative, joint_norm, one_sided_derivative
from relaxgap.networks.landscape.stationarity import BOUNDARY_RTOL
from relaxgap.networks.landscape.zonotopes import smallest_elements
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rows import row_lengths
from relaxgap.problems.losses import SQUARED, Loss

_MAX_ENUMERATED = 10
_N_STARTS = 8
_MAX_ROUNDS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Hold a direction and how fast the training loss falls along it.

    Parameters
    ----------
    hidden : (m, d) float64
        Its part in the hidden weights.
    output : (m,) float64
        Its part in the output weights. Together they have norm 1, or 0 if no descent was found.
    slope : float
        The one-sided derivative of the training loss along it, at most 0.
    n_concave_kinks : int
        Pairs of a neuron and a direction of samples on its boundary, at which the loss bends
        down.
    scale : float
        Norm of the weight decay part plus norm of the data part of the gradient along the
        direction: at least ``-slope``.
    """

    hidden: Float64[np.ndarray, "m d"]
    output: Float64[np.ndarray, " m"]
    slope: float
    n_concave_kinks: int
    scale: float

    @property
    def relative_slope(self) -> float:
        """``slope / scale``: 0 at a first-order stationary network, at least -1 anywhere."""
        return self.slope / self.scale if self.scale > 0.0 else 0.0


def steepest_descent(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    boundary_rtol: float = BOUNDARY_RTOL,
    loss: Loss = SQUARED,
) -> Descent:
    r"""Return the unit direction of the smallest one-sided derivative of the training loss.

    A concave kink is the smaller of two linear functions and a convex kink the largest of those
    between two, so that with :math:`v(t) = \beta w_j - \alpha_j X^\top (t \circ \nu)` the smallest
    derivative over the directions :math:`\|\delta\| \le 1` of :math:`w_j` is

    .. math:: - \max_{t_C \in \{0, 1\}} \; \min_{t_B \in [0, 1]} \|v(t_C, t_B)\| ,

    with :math:`t_C` at the concave and :math:`t_B` at the convex kinks. Neurons add up, so the
    slope of the network is minus the norm of these numbers and the output part of the gradient.

    Parameters
    ----------
    network, data, beta, boundary_rtol, loss
        As for `minimum_subgradient`. The derivative is the one at the point on the kinks; a
        pre-activation between 0 and ``boundary_rtol`` has already chosen its side.

    Returns
    -------
    Descent
        ``slope`` is a derivative in fact, computed along the direction, in which no neuron's part
        is positive. Where a neuron has more than 10 concave kinks their sides are searched for
        from 8 starts, and the smallest derivative may be smaller.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.
    ValueError
        If a weight is not finite or the network has another dimension than the data.

    Notes
    -----
    Without concave kinks the slope is minus the norm of `minimum_subgradient`, with them it is at
    most that, up to the rounding of both.

    Cost: that of `minimum_subgradient`, and :math:`2^c` of its least squares problems for a
    neuron with c concave kinks.

    References
    ----------
    Clarke (1990), Section 2.3; Pang, Razaviyayn & Alvarado (2017), directional stationarity.
    """
    derivative = one_sided_derivative(network, data, beta, boundary_rtol, loss)
    concave = derivative.reaches > 0.0
    convex_only = np.minimum(derivative.reaches, 0.0)
    steepest = smallest_elements(derivative.offsets, convex_only, derivative.units)
    for j in np.flatnonzero(np.any(concave, axis=1)):
        steepest[j] = _steepest_branch(derivative, int(j))
    sizes = row_lengths(steepest)[:, None]
    directions = -np.divide(steepest, sizes, out=np.zeros_like(steepest), where=sizes > 0.0)
    falls = np.maximum(-derivative.along(directions), 0.0)
    hidden, output = falls[:, None] * directions, -derivative.output
    size = joint_norm(hidden, output)
    length = size if size > 0.0 else 1.0
    return Descent(
        hidden / length,
        output / length,
        0.0 - size,
        int(np.count_nonzero(concave)),
        derivative.scale_at(-hidden, -output),
    )


def _steepest_branch(derivative: OneSidedDerivative, j: int) -> Float64[np.ndarray, " d"]:
    """Return the longest of the smallest subgradients over the sides of the concave kinks."""
    offset, reaches, units = derivative.offsets[j], derivative.reaches[j], derivative.units
    concave = np.flatnonzero(reaches > 0.0)
    bends = reaches[concave, None] * units[concave]

    def branches(sides: Float64[np.ndarray, "s c"]) -> Float64[np.ndarray, "s d"]:
        convex = np.broadcast_to(np.minimum(reaches, 0.0), (sides.shape[0], reaches.size))
        return smallest_elements(offset - sides @ bends, convex, units)

    if concave.size <= _MAX_ENUMERATED:
        numbers = np.arange(2**concave.size)[:, None]
        found = branches((numbers >> np.arange(concave.size) & 1).astype(np.float64))
        return _longest(found)
    sides = _promising_sides(offset, reaches, units)[:, concave]
    settled = []
    for _ in range(_MAX_ROUNDS):
        found = branches(sides)
        # the sides that a direction takes are at least as steep along it
        taken = (found @ units[concave].T < 0.0).astype(np.float64)
        changed = np.any(taken != sides, axis=1)
        settled.append(found[~changed])
        if not changed.any():
            break
        sides = np.unique(taken[changed], axis=0)
    return _longest(np.concatenate([*settled, found]))


def _promising_sides(
    offset: Float64[np.ndarray, " d"],
    reaches: Float64[np.ndarray, " k"],
    units: Float64[np.ndarray, "k d"],
) -> Float64[np.ndarray, "s k"]:
    """Return the sides taken by the steepest of plain directions, those of the kinks and of 0."""
    bent = units[reaches != 0.0]
    size = float(np.linalg.norm(offset))
    plain = np.concatenate([bent, -bent, -offset[None] / size if size > 0.0 else bent[:0]])
    slopes = plain @ offset - np.maximum(plain @ units.T, 0.0) @ reaches
    chosen = plain[np.argsort(slopes, kind="stable")[:_N_STARTS]]
    return np.unique((chosen @ units.T > 0.0).astype(np.float64), axis=0)


def _longest(rows: Float64[np.ndarray, "s d"]) -> Float64[np.ndarray, " d"]:
    return np.asarray(rows[np.argmax(row_lengths(rows))])
