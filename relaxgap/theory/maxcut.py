r"""Section 3.4: the largest gated price as a cut.

Statement: :math:`C_y^2 = \max_i \|X^\top D_i y\|^2 \le \max_{z \in \{0, 1\}^n} z^\top B z` with
:math:`B_{ij} = y_i y_j x_i^\top x_j`. With :math:`z = (1 + s) / 2` and one more node
:math:`s_0 = 1` this is :math:`\tfrac14 \tilde s^\top \tilde B \tilde s` for

.. math:: \tilde B = \begin{pmatrix} 1^\top B 1 & (B 1)^\top \\ B 1 & B \end{pmatrix},

a MAX-CUT on n + 1 nodes with the weights :math:`-\tilde B_{ij}`; equation (7) then reads
:math:`2 \sqrt{\text{cut} \cdot y^\top \hat M^{-1} y} / \|y\|^2`. The chain

.. math:: C_y^2 \le \text{cut} \le \text{SDP} \le \lambda_{\max}(X X^\top) \|y\|^2

holds surely. Two special cases: if no :math:`B_{ij}` is negative (orthogonally separable data) the
cut is :math:`\|X^\top y\|^2`; if no off-diagonal entry is positive it is at most
:math:`\sum_i y_i^2 \|x_i\|^2`.

References
----------
Kim & Pilanci (2024), Section 3.4; Goemans & Williamson (1995) for the relaxation.
"""

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.certificates.all_patterns.spectral import spectral_price
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS

MAX_SAMPLES = 24
"""Samples up to which all cuts are tried: 16 million."""
LOW_BITS = 12


def label_gram(
    X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "n n"]:
    r"""Return :math:`B_{ij} = y_i y_j x_i^\top x_j`."""
    rows = y[:, None] * X
    return np.asarray(rows @ rows.T)


def lifted_gram(B: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "m m"]:
    r"""Return :math:`\tilde B`: :math:`z^\top B z = \tfrac14 s^\top \tilde B s`, one node more."""
    sums = B.sum(axis=1)
    top = np.concatenate([[sums.sum()], sums])
    return np.vstack([top, np.hstack([sums[:, None], B])])


def largest_subset_price(
    X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]
) -> tuple[float, Bool[np.ndarray, " n"]]:
    r"""Return :math:`\max_z z^\top B z` over all subsets of the samples, and the best subset.

    Raises
    ------
    ConfigurationError
        Above `MAX_SAMPLES` samples.

    Notes
    -----
    Cost: O(2^n d), in blocks of 4096 subsets that share their first samples.
    """
    n = X.shape[0]
    if n > MAX_SAMPLES:
        raise ConfigurationError(
            f"Expected at most {MAX_SAMPLES} samples to try every subset, got {n}; "
            "use the relaxation (subset_price_bound)."
        )
    rows = y[:, None] * X
    low = min(n, LOW_BITS)
    bits = (np.arange(1 << low)[:, None] >> np.arange(low)) & 1
    sums = bits @ rows[:low]
    best, subset = -1.0, np.zeros(n, dtype=np.bool_)
    for high in range(1 << (n - low)):
        checkpoint()
        chosen = (high >> np.arange(n - low)) & 1
        squares = np.sum((sums + chosen @ rows[low:]) ** 2, axis=1)
        at = int(np.argmax(squares))
        if squares[at] > best:
            best = float(squares[at])
            subset = np.concatenate([bits[at], chosen]).astype(np.bool_)
    return best, subset


def subset_price_bound(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> float:
    r"""Return the value of the MAX-CUT relaxation, never below :math:`\max_z z^\top B z`.

    Its eigenvalue form, from multipliers that prove it; never above
    :math:`\lambda_{\max}(X X^\top) \|y\|^2` by more than rounding.
    """
    towards = np.where(y < 0.0, -1.0, 1.0)[:, None] * X
    price = spectral_price(towards, np.abs(y)).price_bound
    norm = float(np.linalg.norm(X, 2)) * float(np.linalg.norm(y))
    return min(price, norm * (1.0 + 8.0 * EPS * sum(X.shape))) ** 2


def separable_price(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> float | None:
    r"""Return :math:`\|X^\top y\|^2` where no entry of B is negative, None elsewhere."""
    if np.any(label_gram(X, y) < 0.0):
        return None
    return float(np.linalg.norm(X.T @ y)) ** 2


def repelling_bound(X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"]) -> float | None:
    r"""Return :math:`\sum_i y_i^2 \|x_i\|^2` where no off-diagonal entry of B is positive."""
    B = label_gram(X, y)
    if np.any(B - np.diag(np.diag(B)) > 0.0):
        return None
    return float(np.trace(B))
