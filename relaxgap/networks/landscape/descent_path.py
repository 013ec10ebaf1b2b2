"""Continuous paths of never increasing training loss from any network to a minimal one."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.networks.landscape.minimal import Pruning, prunings
from relaxgap.networks.landscape.structure import activation_signs, refuse_misfit
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.numerics.rows import row_lengths

PieceKind = Literal["rescale", "merge", "prune"]


@dataclass(frozen=True, slots=True)
class Merge:
    r"""Move the block of one scaled neuron into another: :math:`w_i + t w_j` and :math:`(1-t) w_j`.

    Parameters
    ----------
    into : int
        The neuron ``i`` that grows.
    giver : int
        The neuron ``j`` of the same cone and sign that is zero at the end.
    """

    into: int
    giver: int


@dataclass(frozen=True, slots=True, eq=False)
class DescentPath:
    r"""Hold a continuous path of networks of one width along which the training loss never rises.

    The fit is the same at every point, so the penalty alone falls, whatever the labels and
    ``beta > 0``. Piece ``k`` runs over :math:`t \in [0, 1]` and starts where piece ``k - 1`` ends.

    - ``rescale``, at most one piece: :math:`(w_j r_j^t, \alpha_j r_j^{-t})` with
      :math:`r_j = \sqrt{|\alpha_j|/\|w_j\|}`, all neurons at once; where one weight is zero the
      other one shrinks to zero linearly. Strictly decreasing.
    - ``merge``, one piece for each :class:`Merge`: strictly decreasing, unless the two neurons are
      positively collinear; then the loss is constant.
    - ``prune``, one piece for each :class:`Pruning`: the loss is linear in :math:`t`, falling or
      constant.

    Parameters
    ----------
    start : TwoLayerNetwork
        The network at the start of the first piece.
    rescales : bool
        Whether the first piece makes ``start`` scaled; if not, it is scaled already.
    merges : tuple of Merge
        The pieces that follow, in order.
    prunings : tuple of Pruning
        The last pieces, in order.
    """

    start: TwoLayerNetwork
    rescales: bool
    merges: tuple[Merge, ...]
    prunings: tuple[Pruning, ...]

    @property
    def n_pieces(self) -> int:
        """Number of pieces, 0 if the start is the end."""
        return self.rescales + len(self.merges) + len(self.prunings)

    @property
    def end(self) -> TwoLayerNetwork:
        """The network at the end of the last piece, neurons that vanished as zeros."""
        return self.at(self.n_pieces - 1, 1.0) if self.n_pieces else self.start

    def kind(self, piece: int) -> PieceKind:
        """Return what happens along a piece.

        Raises
        ------
        ValueError
            If there is no such piece.
        """
        if not 0 <= piece < self.n_pieces:
            raise ValueError(
                f"Expected a piece from 0 to {self.n_pieces - 1}, got {piece}; the path has "
                f"{self.n_pieces} pieces."
            )
        if piece < self.rescales:
            return "rescale"
        return "merge" if piece < self.rescales + len(self.merges) else "prune"

    def at(self, piece: int, t: float) -> TwoLayerNetwork:
        """Return the network at ``t`` of a piece, of the width of the start.

        Raises
        ------
        ValueError
            If there is no such piece or ``t`` is not between 0 and 1.

        Notes
        -----
        Cost: the pieces before are run again, O(d) for each merge and O(k d) for each pruning.
        """
        if not 0.0 <= t <= 1.0:
            raise ValueError(f"Expected 0 <= t <= 1, got {t}; a piece ends at t = 1.")
        if self.kind(piece) == "rescale":
            return _rescaled(self.start, t)
        scaled = _rescaled(self.start, float(self.rescales))
        hidden, output = scaled.hidden, scaled.output
        last = piece - self.rescales
        for position, merge in enumerate(self.merges[: last + 1]):
            pair = [merge.into, merge.giver]
            share = t if position == last else 1.0
            hidden[pair], output[pair] = _poured(hidden[pair], output[pair], share)
        for position, pruning in enumerate(self.prunings, len(self.merges)):
            if position > last:
                break
            roots = pruning.roots(t if position == last else 1.0)
            hidden[pruning.neurons] *= roots[:, None]
            output[pruning.neurons] *= roots
        return TwoLayerNetwork(hidden, output)


def descent_path(network: TwoLayerNetwork, data: Dataset, *, prune: bool = True) -> DescentPath:
    r"""Connect a network to a minimal one without ever raising the training loss.

    The neurons are balanced, then those of each (pattern, sign) are merged one by one, which ends
    at a minimal network. With ``prune``, neurons vanish until their fit contributions are linearly
    independent, hence at most ``n``; :func:`minimal_network` does the same, but where the network
    is not optimal, the order of the neurons decides which of them stay.

    Parameters
    ----------
    network : TwoLayerNetwork
        Any finite network of the dimension of the data.
    data : Dataset
        The training data; only ``X`` matters.
    prune : bool
        Whether to go on to at most ``n`` neurons.

    Raises
    ------
    ValueError
        If a weight is not finite or the network has another dimension than the data.

    Notes
    -----
    The patterns are those at the start, pre-activations within rounding of zero active: rescaling
    does not change a pattern and merging stays in its closed cone. Neurons of two patterns whose
    pre-activations differ by more than rounding are not merged; that would change the fit.

    Cost: O(m n d) time and O(m n) memory for the patterns; pruning takes one null vector of an
    ``n x k`` matrix for each neuron that vanishes.

    References
    ----------
    Wang, Lacotte & Pilanci (2022), descent path to a nearly minimal network; Pilanci & Ergen
    (2020), Section 3, for the pruning.
    """
    refuse_misfit(network, data)
    norms, sizes = row_lengths(network.hidden), np.abs(network.output)
    unbalanced = np.abs(norms - sizes) > _rounding(data.d) * np.maximum(norms, sizes)
    merged = DescentPath(network, bool(unbalanced.any()), _merges(network, data), ())
    if not prune:
        return merged
    # the prunings are those of any multiple; a power of two keeps the squares representable
    _, exponent = np.frexp(np.abs(merged.end.output).max(initial=0.0))
    end = TwoLayerNetwork(
        np.ldexp(merged.end.hidden, -exponent), np.ldexp(merged.end.output, -exponent)
    )
    return replace(merged, prunings=tuple(prunings(end, data)))


def _rescaled(network: TwoLayerNetwork, t: float) -> TwoLayerNetwork:
    """Return the network at ``t`` of the rescaling."""
    norms, sizes = row_lengths(network.hidden), np.abs(network.output)
    live = (norms > 0.0) & (sizes > 0.0)
    fade = np.where(live, 1.0, 1.0 - t)
    # r_j can overflow, its root cannot
    above, below = np.where(live, sizes, 1.0), np.where(live, norms, 1.0)
    root = (np.sqrt(np.sqrt(above)) / np.sqrt(np.sqrt(below))) ** t
    return TwoLayerNetwork(
        network.hidden * fade[:, None] * root[:, None] * root[:, None],
        network.output * fade / root / root,
    )


def _merges(network: TwoLayerNetwork, data: Dataset) -> tuple[Merge, ...]:
    """Pair every live neuron with the first one of its pattern and sign, unless it is that one."""
    norms = row_lengths(network.hidden)
    live = np.flatnonzero((norms > 0.0) & (network.output != 0.0))
    units = TwoLayerNetwork(network.hidden[live] / norms[live, None], network.output[live])
    active = activation_signs(units, data, _rounding(data.d)) >= 0
    cells = np.packbits(np.column_stack([active, units.output > 0.0]), axis=1)
    first: dict[bytes, int] = {}
    pairs = [
        (first.setdefault(cell.tobytes(), j), j)
        for cell, j in zip(cells, live.tolist(), strict=True)
    ]
    return tuple(Merge(into, giver) for into, giver in pairs if into != giver)


def _poured(
    hidden: Float64[np.ndarray, "2 d"], output: Float64[np.ndarray, "2"], t: float
) -> tuple[Float64[np.ndarray, "2 d"], Float64[np.ndarray, "2"]]:
    """Return two scaled neurons at ``t`` of the merge of the second into the first."""
    # in units of the larger one: the square of a tiny weight is zero
    unit = float(np.abs(output).max())
    first, second = (np.abs(output) / unit)[:, None] * (hidden / unit)
    block = first + t * second
    root = float(np.sqrt(row_lengths(block[None, :])[0]))
    left = np.sqrt(1.0 - t)
    # two neurons of opposite directions can share a cone on which the data are zero
    grown = unit * block / root if root > 0.0 else np.zeros_like(block)
    sizes = np.array([np.copysign(unit * root, output[0]), left * output[1]])
    return np.stack([grown, left * hidden[1]]), sizes


def _rounding(d: int) -> float:
    """Bound the relative rounding of a norm or pre-activation of a copied or rescaled neuron."""
    return 8.0 * (d + 2) * float(np.finfo(np.float64).eps)
