r"""The convex program over a network's own patterns: a stationary network is an optimum of it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.landscape.stationarity import BOUNDARY_RTOL
from relaxgap.networks.landscape.structure import activation_signs, live_neurons
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.pattern_set import PatternSet, first_occurrences
from relaxgap.problems import Blocks, Program, relu_program


@dataclass(frozen=True, slots=True, eq=False)
class SubsampledProgram:
    """Hold the convex program over the patterns of a network, and the network as a point of it.

    Parameters
    ----------
    program : Program
        Over the patterns of the live neurons.
    point : Blocks
        The network, in its cones.
    n_blocks : int
        Distinct (pattern, sign) of live neurons.
    n_boundary_bits : int
        Pairs of a live neuron and a nonzero sample on its boundary.
    """

    program: Program
    point: Blocks
    n_blocks: int
    n_boundary_bits: int


def subsampled_program(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    *,
    boundary: Literal["active", "inactive"] = "active",
    both_signs: bool = False,
    boundary_rtol: float = BOUNDARY_RTOL,
) -> SubsampledProgram:
    r"""State the convex program over the patterns of the live neurons, each with its own sign.

    .. math:: \min_{w_j \in K_j} \tfrac12 \|\sum_j s_j D_j X w_j - y\|^2 + \beta \sum_j \|w_j\|,
              \quad s_j = \mathrm{sign}(\alpha_j)

    has one block for each (pattern, sign) of a live neuron. A stationary network none of whose
    neurons lies on a concave kink is an optimum: the value is then its training loss.

    Parameters
    ----------
    network : TwoLayerNetwork
        Finite weights of the dimension of the data.
    data : Dataset
        The training data.
    beta : float
        Regularisation strength, positive and finite.
    boundary : "active" or "inactive"
        What a pre-activation counts as that is zero, within ``boundary_rtol``. At a stationary
        point the value of the signed program is the same for both.
    both_signs : bool
        Whether every pattern gets a block of each sign, as in the programs over sampled patterns.
        The value may then be below the loss of a stationary network on a boundary.
    boundary_rtol : float
        A pre-activation is zero if it is at most this fraction of :math:`\|x_i\| \|w_j\|`.

    Returns
    -------
    SubsampledProgram
        Its point adds :math:`|\alpha_j| w_j` of every live neuron to the neuron's block and is
        moved into the cones.

    Raises
    ------
    ConfigurationError
        If ``beta`` is not positive and finite.
    ValueError
        If ``boundary_rtol`` is not between 0 and 1, a weight is not finite, or the network has
        another dimension than the data.

    Notes
    -----
    The program is about closed cones, so a pattern need not be that of an open cell: opposite
    samples may both be inactive. The gate of such a pattern is the neuron, on the boundary of its
    cone; all other gates produce their patterns.

    Cost: O(m n d) time, and one non-negative least squares problem of n unknowns for each pattern
    with a boundary.

    References
    ----------
    Kim & Pilanci (2024), Eq. (19), with one sign a block: with both it does not hold on
    boundaries. Wang, Lacotte & Pilanci (2022) for stationary networks.
    """
    if not 0.0 <= boundary_rtol < 1.0:
        raise ValueError(f"Expected 0 <= boundary_rtol < 1, got {boundary_rtol}; try 1e-6.")
    activations = activation_signs(network, data, boundary_rtol)
    live = live_neurons(network.hidden, network.output)
    hidden, output, activations = network.hidden[live], network.output[live], activations[live]
    # a zero sample is active for every gate, and its bit means nothing
    meaningless = ~np.any(data.X != 0.0, axis=1)
    on_boundary = (activations == 0) & ~meaningless
    bits = (activations > 0) | meaningless
    if boundary == "active":
        bits |= on_boundary
    packed = np.packbits(bits, axis=1)
    kept = first_occurrences(packed)
    gates = np.array([_gate(data.X, bits[j], on_boundary[j], hidden[j]) for j in kept])
    patterns = PatternSet(packed[kept], gates.reshape(-1, data.d), data.n)
    block_of = {packed[j].tobytes(): i for i, j in enumerate(kept)}
    blocks = np.zeros((2, kept.size, data.d))
    allowed = np.zeros((2, kept.size), dtype=np.bool_)
    for weights, scale, row in zip(hidden, output, packed, strict=True):
        at = int(scale < 0.0), block_of[row.tobytes()]
        blocks[at] += abs(scale) * weights
        allowed[at] = True
    program = relu_program(data, patterns, beta, None if both_signs else allowed)
    point = program.into_cones(Blocks(blocks))
    n_blocks, n_boundary_bits = np.count_nonzero(allowed), np.count_nonzero(on_boundary)
    return SubsampledProgram(program, point, int(n_blocks), int(n_boundary_bits))


def _gate(
    X: Float64[np.ndarray, "n d"],
    pattern: Bool[np.ndarray, " n"],
    on_boundary: Bool[np.ndarray, " n"],
    weights: Float64[np.ndarray, " d"],
) -> Float64[np.ndarray, " d"]:
    """Return the weights if they lie on no boundary, else the innermost gate of the pattern."""
    if not np.any(on_boundary):
        return weights
    gate = _innermost(X, pattern)
    return gate if np.array_equal(X @ gate >= 0.0, pattern) else weights


def _innermost(
    X: Float64[np.ndarray, "n d"], pattern: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " d"]:
    r"""Return the direction in the cone of the pattern that is farthest from all its hyperplanes.

    With the unit rows :math:`R` of the cone it is :math:`R^\top \lambda` for the
    :math:`\lambda \ge 0` that minimises :math:`\|R^\top \lambda\|^2 + (1 - 1^\top \lambda)^2`:
    complementary slack puts every row at least :math:`1 - 1^\top \lambda` away, which is positive
    iff the cone has an interior.
    """
    kept = np.any(X != 0.0, axis=1)
    rows = np.where(pattern[kept], 1.0, -1.0)[:, None] * unit_rows(X)
    system = np.vstack([rows.T, np.ones(rows.shape[0])])
    target = np.append(np.zeros(X.shape[1]), 1.0)
    return np.asarray(nonnegative_least_squares(system, target) @ rows)
