r"""Patterns that interpolate: Propositions 1 and 2, Corollary 1, and the matrix Chernoff bound.

Statements: if no two rows of X are parallel, 2n patterns exist whose gated features fit every label
(Proposition 1). If :math:`M` is invertible and
:math:`\tilde P \ge 8 \kappa \log(n / \delta)`, then with probability at least
:math:`1 - \delta` random ones do (Proposition 2), for the matrix Chernoff bound (Lemma 3) with
:math:`\epsilon = 1/2` gives
:math:`\lambda_{\min}(\hat M) \ge \lambda_{\min}(M) / 2`; without regularisation the gated optimum
is then 0 (Corollary 1).

Checked: the construction on the instance itself; failure rates by intervals.

References
----------
Kim & Pilanci (2024); Tropp (2012), User-friendly tail bounds for sums of random matrices.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.errors import DataError
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths
from relaxgap.theory.activation_gram import kappa_bound, sampled_activation_gram
from relaxgap.theory.bound import Constant, Origin

CHERNOFF = Constant(8.0, Origin.DERIVED, "Proposition 2: 2 / eps^2 of Lemma 3 at eps = 1/2")
DELTA = 0.1
"""Failure probability of the claims that have one, unless another is given."""
MAX_DRAWS = 100


@dataclass(frozen=True, slots=True, eq=False)
class InterpolatingGates:
    """Hold Proposition 1's 2n gates and the gated weights that fit one label vector.

    Parameters
    ----------
    gates : (2n, d) float64
        Gates ``2i`` and ``2i + 1`` differ in the activation of sample ``i`` alone.
    weights : (2n, d) float64
        A weight for each gate: the gated features add up to the labels.
    """

    gates: Float64[np.ndarray, "2n d"]
    weights: Float64[np.ndarray, "2n d"]


def interpolating_gates(
    X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"], rng: np.random.Generator
) -> InterpolatingGates:
    r"""Construct the 2n gates of Proposition 1.

    For each sample a direction :math:`b` orthogonal to :math:`x_i` and to no other sample, and the
    gates :math:`b \pm \epsilon x_i` for an :math:`\epsilon` below
    :math:`\min_{j \ne i} |x_j^\top b| / |x_j^\top x_i|`; their weights are
    :math:`\pm y_i x_i / \|x_i\|^2`.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix, no two rows parallel, none zero.
    y : (n,) float64
        Any labels.
    rng : Generator
        Source of the directions.

    Raises
    ------
    DataError
        If a row is zero or parallel to another, or no direction separates them in double precision.
    """
    n, d = X.shape
    lengths = row_lengths(X)
    if np.any(lengths == 0.0):
        raise DataError("Expected non-zero rows (Proposition 1), got a zero row; remove it.")
    units = X / lengths[:, None]
    gates = np.empty((2 * n, d))
    for i in range(n):
        gates[2 * i : 2 * i + 2] = _pair(units, i, rng)
    along = (y / lengths)[:, None] * units
    weights = np.empty_like(gates)
    weights[0::2], weights[1::2] = along, -along
    return InterpolatingGates(gates, weights)


def _pair(
    units: Float64[np.ndarray, "n d"], i: int, rng: np.random.Generator
) -> Float64[np.ndarray, "2 d"]:
    """Return two gates on both sides of a sample's hyperplane and on one side of all others."""
    others = np.delete(np.arange(units.shape[0]), i)
    for _ in range(MAX_DRAWS):
        b = rng.standard_normal(units.shape[1])
        for _ in range(2):
            b -= (units[i] @ b) * units[i]
        away = np.abs(units[others] @ b)
        towards = np.abs(units[others] @ units[i])
        # a sample orthogonal to x_i is on the same side of both whatever the step
        step = 0.5 * float(np.min(away / np.maximum(towards, EPS), initial=1.0))
        pair = np.stack([b + step * units[i], b - step * units[i]])
        active = pair @ units.T >= 0.0
        if active[0, i] and not active[1, i] and np.array_equal(*np.delete(active, i, axis=1)):
            return pair
    raise DataError(
        f"Expected rows of which no two are parallel (Proposition 1), got a row {i} that no "
        "direction separates from the others; remove repeated samples."
    )


def gates_needed(kappa: float, n: int, delta: float) -> float:
    r"""Return Proposition 2's :math:`8 \kappa \log(n / \delta)` gates, not rounded.

    Examples
    --------
    >>> round(gates_needed(27.0, 100, 0.1))
    1492
    """
    return CHERNOFF.value * kappa * math.log(n / delta)


def theorem_1_gates(c: float, n: int, delta: float = DELTA) -> float:
    r"""Return Theorem 1's :math:`160 (\sqrt c + 1)^2 \log(n / \delta)` gates, not rounded.

    Those of `gates_needed` for Theorem 6's bound of :math:`\kappa`; half of the neurons, which
    have a sign each.

    Examples
    --------
    >>> round(theorem_1_gates(2.0, 20))
    4941
    """
    return gates_needed(kappa_bound(c), n, delta)


def failure_bound(kappa: float, n: int, n_gates: float, eps: float = 0.5) -> float:
    r"""Bound how probably the least eigenvalue of the sample falls by a share ``eps`` or more.

    That :math:`\lambda_{\min}(\hat M) \le (1 - \epsilon) \lambda_{\min}(M)`: Lemma 3 in its sharp
    form, :math:`n \big(e^{-\epsilon} / (1 - \epsilon)^{1 - \epsilon}\big)^{\tilde P / \kappa}`,
    which is at most :math:`n e^{-\epsilon^2 \tilde P / (2 \kappa)}`.
    """
    remaining = 1.0 - eps
    rate = -eps - (remaining * math.log(remaining) if remaining > 0.0 else 0.0)
    return min(1.0, n * math.exp(rate * n_gates / kappa))


def gates_necessary(n: int, d: int) -> int:
    """Return the least number of gates that can fit n labels: d unknowns a gate."""
    return -(-n // d)


def interpolation_residual(
    X: Float64[np.ndarray, "n d"],
    y: Float64[np.ndarray, " n"],
    active: Bool[np.ndarray, "P n"],
) -> float:
    r"""Return the least :math:`\|\sum_i D_i X w_i - y\|` over the gated features (Corollary 1).

    Half its square is the gated optimum without regularisation. Of a few gates a least-squares
    problem; of :math:`P d \ge n` features, which are never built, by the eigenvectors of
    :math:`\hat M` that belong to zero.
    """
    values, vectors = np.linalg.eigh(sampled_activation_gram(X, active))
    null = values <= X.shape[0] * EPS * max(float(values[-1]), 0.0)
    return float(np.linalg.norm(vectors[:, null].T @ y))
