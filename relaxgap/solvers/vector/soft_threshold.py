r"""The soft-thresholded singular value decomposition, where it is the optimum.

If the rows are orthogonal and of one length, :math:`X X^\top = s^2 I`, a linear network
:math:`Z = S_{\beta/s}(Y)` bounds ReLU networks from below; and it is one of them where every left
singular vector of it can be taken nonnegative, as those of one-hot labels can.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rounding import EPS
from relaxgap.problems.vector_output import VectorProgram

ORTHOGONAL = 1e-9
"""Largest deviation of the rows' products, relative to their length, to be tried at all."""


def soft_threshold_network(
    program: VectorProgram,
) -> tuple[Float64[np.ndarray, "m d"], Float64[np.ndarray, "m q"]] | None:
    """Return the network of the soft-thresholded decomposition; None where it is none.

    It is a candidate: its loss, and the bound that its residual proves, are evaluated like those of
    any other.

    References
    ----------
    Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Theorem 5.
    """
    data = program.data
    if data.n_patches > 1 or data.n > data.d or program.centring > 0.0:
        return None
    gram = data.X @ data.X.T
    square = float(np.trace(gram)) / data.n
    if square <= 0.0 or np.abs(gram - square * np.eye(data.n)).max() > ORTHOGONAL * square:
        return None
    s = float(np.sqrt(square))
    left, values, right = _decomposition(data.Y)
    kept = values > program.beta / s
    left, values, right = left[:, kept], values[kept], right[kept]
    side = np.where(left.sum(axis=0) < 0.0, -1.0, 1.0)
    left, right = left * side, right * side[:, None]
    if np.any(left < -64.0 * EPS):
        return None
    hidden = (data.X.T @ np.maximum(left, 0.0) / s).T
    return hidden, ((values - program.beta / s) / s)[:, None] * right


def _decomposition(
    Y: Float64[np.ndarray, "n q"],
) -> tuple[Float64[np.ndarray, "n k"], Float64[np.ndarray, " k"], Float64[np.ndarray, "k q"]]:
    """Return singular vectors and values; of orthogonal columns these themselves."""
    lengths = np.linalg.norm(Y, axis=0)
    products = Y.T @ Y
    if np.abs(products - np.diag(lengths**2)).max() <= 16.0 * EPS * float(lengths.max()) ** 2:
        some = lengths > 0.0
        return Y[:, some] / lengths[some], lengths[some], np.eye(Y.shape[1])[some]
    left, values, right = np.linalg.svd(Y, full_matrices=False)
    return left, values, right


def spectral_price(program: VectorProgram, R: Float64[np.ndarray, "n q"]) -> float:
    r"""Bound the price of all neurons by :math:`\|S^\top R\|_2 \|X\|_2`, rounding included."""
    spread, X = program.spread(R), program.data.X
    size = float(np.linalg.norm(spread, 2)) * float(np.linalg.norm(X, 2))
    room = 16.0 * EPS * sum(X.shape) * float(np.linalg.norm(spread) * np.linalg.norm(X))
    return size + room
