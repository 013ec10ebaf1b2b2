"""How many activations survive training: counts, certificates and bounds."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.landscape.stationarity import BOUNDARY_RTOL
from relaxgap.networks.landscape.structure import live_neurons
from relaxgap.numerics.limits import rows_at_once
from relaxgap.patterns.pattern_set import patterns_of_gates


@dataclass(frozen=True, slots=True)
class Preservation:
    r"""Say what one network kept of its initial activations.

    Parameters
    ----------
    bits_kept : float
        Fraction of (neuron, sample) pairs with the initial activation.
    interior_bits_kept : float
        The same among pairs that are not on a boundary now (``BOUNDARY_RTOL``); 1 if there are
        none.
    neurons_kept : float
        Fraction of neurons with their whole initial pattern.
    patterns_kept : float
        Fraction of the distinct initial patterns that some live neuron has now.
    live_neurons : float
        Fraction of neurons that are live.
    max_movement, mean_movement : float
        :math:`\tau_j/\sigma`, with :math:`\tau_j = |w_j - w_j(0)|`.
    certified_bits_kept : float
        Surely at most ``bits_kept``: fraction of pairs with
        :math:`|x_i \cdot w_j(0)| > \tau_j |x_i|`.
    certified_neurons_kept : float
        Surely at most ``neurons_kept``: fraction of neurons for which all pairs are such.
    bits_bound, neurons_bound : float
        :math:`1 - \sqrt{2/\pi} \max_j \tau_j/\sigma` and the same with the factor ``n``: bounds on
        the *expected* fractions for a movement fixed beforehand. Negative means vacuous.
    """

    bits_kept: float
    interior_bits_kept: float
    neurons_kept: float
    patterns_kept: float
    live_neurons: float
    max_movement: float
    mean_movement: float
    certified_bits_kept: float
    certified_neurons_kept: float
    bits_bound: float
    neurons_bound: float


def patterns_kept(
    initial: Float64[np.ndarray, "m d"],
    current: Float64[np.ndarray, "k d"],
    X: Float64[np.ndarray, "n d"],
) -> float:
    """Return the fraction of distinct patterns of ``initial`` that occur among ``current``."""
    before = {row.tobytes() for row in patterns_of_gates(X, initial)}
    after = {row.tobytes() for row in patterns_of_gates(X, current)}
    return len(before & after) / len(before)


def measure_preservation(
    initial: Float64[np.ndarray, "m d"],
    hidden: Float64[np.ndarray, "m d"],
    output: Float64[np.ndarray, " m"],
    X: Float64[np.ndarray, "n d"],
    sigma: float,
) -> Preservation:
    r"""Compare the activations of a network with those of its initial first layer.

    A pair that flips has :math:`|x_i \cdot w_j(0)| \le |x_i \cdot (w_j - w_j(0))| \le
    \tau_j |x_i|`, whatever the training was.

    Parameters
    ----------
    initial, hidden : (m, d) float64
        First layer at the start and now.
    output : (m,) float64
        Second layer now; it only decides which neurons are live.
    X : (n, d) float64
        Samples.
    sigma : float
        Standard deviation of an initial hidden weight, ``> 0``.

    Notes
    -----
    Cost: three products of ``O(m n d)``; memory ``O(m n / 8)`` bytes and a few fixed buffers.
    """
    if not (math.isfinite(sigma) and sigma > 0.0):
        raise ValueError(
            f"Expected a finite sigma > 0, got {sigma}; give the standard deviation of the "
            "initial hidden weights."
        )
    n_neurons, n = hidden.shape[0], X.shape[0]
    lengths = np.linalg.norm(X, axis=1)
    movement = np.linalg.norm(hidden - initial, axis=1)
    # Both pre-activations are rounded, so the set of possible flips grows by their error bound.
    rounding = 4.0 * X.shape[1] * np.finfo(np.float64).eps
    reach = movement + rounding * (np.linalg.norm(initial, axis=1) + movement)
    boundary = BOUNDARY_RTOL * np.linalg.norm(hidden, axis=1)
    bits = neurons = interior = interior_bits = sure_bits = sure_neurons = 0
    chunk = rows_at_once(n)
    for start in range(0, n_neurons, chunk):
        rows = slice(start, start + chunk)
        before = initial[rows] @ X.T
        now = hidden[rows] @ X.T
        kept = (before >= 0.0) == (now >= 0.0)
        bits += int(np.count_nonzero(kept))
        neurons += int(np.count_nonzero(kept.all(axis=1)))
        inside = np.abs(now, out=now) > boundary[rows, None] * lengths
        interior += int(np.count_nonzero(inside))
        interior_bits += int(np.count_nonzero(inside & kept))
        sure = np.abs(before, out=before) > reach[rows, None] * lengths
        sure_bits += int(np.count_nonzero(sure))
        sure_neurons += int(np.count_nonzero(sure.all(axis=1)))
    live = live_neurons(hidden, output)
    max_movement = float(np.max(movement)) / sigma
    return Preservation(
        bits_kept=bits / (n_neurons * n),
        interior_bits_kept=interior_bits / interior if interior else 1.0,
        neurons_kept=neurons / n_neurons,
        patterns_kept=patterns_kept(initial, hidden[live], X),
        live_neurons=float(np.mean(live)),
        max_movement=max_movement,
        mean_movement=float(np.mean(movement)) / sigma,
        certified_bits_kept=sure_bits / (n_neurons * n),
        certified_neurons_kept=sure_neurons / n_neurons,
        bits_bound=1.0 - math.sqrt(2.0 / math.pi) * max_movement,
        neurons_bound=1.0 - n * math.sqrt(2.0 / math.pi) * max_movement,
    )
