"""Scaled, nearly minimal and minimal networks: how neurons share (pattern, sign) cells."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int, Int8

from relaxgap.data.dataset import Dataset
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rows import row_lengths

LIVE_RTOL = 1e-6
"""A neuron with ``|w_j| |alpha_j|`` at or below this fraction of the largest is not live."""


@dataclass(frozen=True, slots=True)
class NetworkStructure:
    r"""Say how a network's neurons are balanced and how they share their cells.

    A cell is the activation pattern of a neuron together with the sign of its output weight.

    Parameters
    ----------
    scaled : bool
        :math:`\|w_j\| = |\alpha_j|` for every neuron.
    nearly_minimal : bool
        Scaled, and the neurons of each cell are positive multiples of one another.
    minimal : bool
        Scaled, and no cell holds two neurons.
    n_neurons : int
        Width of the network.
    n_live : int
        Neurons that contribute: both weights nonzero.
    n_cells : int
        Distinct cells of live neurons.
    scale_imbalance : float
        Largest :math:`|\|w_j\| - |\alpha_j|| / \max(\|w_j\|, |\alpha_j|)`, between 0 and 1.
    collinearity_defect : float
        Largest distance between the unit direction of a live neuron and that of the strongest
        neuron in its cell, between 0 and 2.
    """

    scaled: bool
    nearly_minimal: bool
    minimal: bool
    n_neurons: int
    n_live: int
    n_cells: int
    scale_imbalance: float
    collinearity_defect: float


def structure_of(network: TwoLayerNetwork, data: Dataset, rtol: float = 1e-6) -> NetworkStructure:
    r"""Decide whether a network is scaled, nearly minimal or minimal.

    Parameters
    ----------
    network : TwoLayerNetwork
        Finite weights of the dimension of the data.
    data : Dataset
        The training data; only ``X`` matters.
    rtol : float
        Largest imbalance of a scaled network and largest defect of a nearly minimal one. Neurons
        with :math:`\|w_j\| |\alpha_j|` below ``rtol`` times the largest are not live; those whose
        :math:`\|w_j\|^2 + \alpha_j^2` is as small are zero and ignored throughout. Neurons that
        pay a penalty and contribute nothing have imbalance 1.

    Raises
    ------
    ValueError
        If ``rtol`` is not between 0 and 1, a weight is not finite, or the dimensions differ.

    Notes
    -----
    A pre-activation within ``rtol`` of zero counts as zero, hence active: otherwise rounding would
    put two copies of a neuron on the boundary of its cone into different cells.

    Cost: O(m n d) time, O(m n) memory.

    References
    ----------
    Wang, Lacotte & Pilanci (2022): scaled, minimal and nearly minimal networks.
    """
    if not 0.0 <= rtol < 1.0:
        raise ValueError(f"Expected 0 <= rtol < 1, got {rtol}; try 1e-6.")
    signs = activation_signs(network, data, rtol)
    norms, sizes = np.linalg.norm(network.hidden, axis=1), np.abs(network.output)
    strength = norms * sizes
    live = live_neurons(network.hidden, network.output, rtol)
    idle = ~live & ~dead_neurons(network, rtol)
    differences = np.abs(norms - sizes)[live] / np.maximum(norms, sizes)[live]
    scale_imbalance = 1.0 if idle.any() else float(np.max(differences, initial=0.0))
    cells = _cells(np.column_stack([signs[live] >= 0, network.output[live] > 0.0]))
    units = network.hidden[live] / norms[live, None]
    defect = max((_spread(units[cell], strength[live][cell]) for cell in cells), default=0.0)
    n_live = int(np.count_nonzero(live))
    scaled = scale_imbalance <= rtol
    return NetworkStructure(
        scaled=scaled,
        nearly_minimal=scaled and defect <= rtol,
        minimal=scaled and len(cells) == n_live,
        n_neurons=network.width,
        n_live=n_live,
        n_cells=len(cells),
        scale_imbalance=scale_imbalance,
        collinearity_defect=defect,
    )


def live_neurons(
    hidden: Float64[np.ndarray, "m d"], output: Float64[np.ndarray, " m"], rtol: float = LIVE_RTOL
) -> Bool[np.ndarray, " m"]:
    """Say which neurons contribute: weight decay shrinks the others to zero, never quite."""
    strength = np.linalg.norm(hidden, axis=1) * np.abs(output)
    return np.asarray(strength > rtol * np.max(strength, initial=0.0))


def dead_neurons(network: TwoLayerNetwork, rtol: float) -> Bool[np.ndarray, " m"]:
    r"""Mark the neurons both of whose weights are zero, or as good as zero.

    Those with :math:`\|w_j\|^2 + \alpha_j^2` at most ``rtol`` times the largest, and with
    :math:`\|w_j\| |\alpha_j|` as small.
    """
    penalty = np.linalg.norm(network.hidden, axis=1) ** 2 + network.output**2
    negligible = penalty <= rtol * np.max(penalty, initial=0.0)
    return np.asarray(negligible & ~live_neurons(network.hidden, network.output, rtol))


def activation_signs(
    network: TwoLayerNetwork, data: Dataset, rtol: float
) -> Int8[np.ndarray, "m n"]:
    r"""Return the sign of every pre-activation, 0 within ``rtol`` of the boundary.

    A pre-activation is on the boundary if :math:`|x_i \cdot w_j| \le` ``rtol``
    :math:`\|x_i\| \|w_j\|`.

    Raises
    ------
    ValueError
        If a weight is not finite or the network has another dimension than the data.
    """
    refuse_misfit(network, data)
    pre = network.hidden @ data.X.T
    reach = np.outer(row_lengths(network.hidden), row_lengths(data.X))
    return np.where(np.abs(pre) <= rtol * reach, 0, np.sign(pre)).astype(np.int8)


def refuse_misfit(network: TwoLayerNetwork, data: Dataset) -> None:
    """Refuse weights that are not finite or do not fit the data.

    Raises
    ------
    ValueError
        If a weight is not finite or the network has another dimension than the data.
    """
    if network.hidden.shape[1] != data.d:
        raise ValueError(
            f"Expected hidden weights of dimension {data.d}, got {network.hidden.shape[1]}; give "
            "the data the network was made for."
        )
    bad = int(np.count_nonzero(~np.isfinite(network.hidden)))
    bad += int(np.count_nonzero(~np.isfinite(network.output)))
    if bad:
        raise ValueError(
            f"Expected finite weights, got {bad} NaN or infinite ones; the training diverged, "
            "lower its step size."
        )


def _cells(bits: Bool[np.ndarray, "m bits"]) -> list[Int[np.ndarray, " k"]]:
    """Group equal rows; return the indices of each group."""
    _, cell_of = np.unique(bits, axis=0, return_inverse=True)
    return [np.flatnonzero(cell_of == cell) for cell in range(int(cell_of.max(initial=-1)) + 1)]


def _spread(units: Float64[np.ndarray, "k d"], strength: Float64[np.ndarray, " k"]) -> float:
    """Return the largest distance of a direction from the strongest neuron's."""
    return float(np.linalg.norm(units - units[np.argmax(strength)], axis=1).max())
