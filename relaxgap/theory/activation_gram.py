r"""The matrix :math:`M` of all gates, its sample version, and the condition number :math:`\kappa`.

Statement: for a Gaussian gate,

.. math:: M = E[D X X^\top D], \qquad
          M_{ij} = x_i^\top x_j \Big(\frac12 - \frac{\arccos \rho_{ij}}{2 \pi}\Big), \qquad
          \kappa = \lambda_{\max}(X X^\top) / \lambda_{\min}(M) \ge 1 .

Under (A1), :math:`n / d = c`, :math:`\kappa` is at most :math:`20 (\sqrt c + 1)^2` with high
probability (Theorem 6) and tends to `kappa_limit`; :math:`M` is close to a kernel matrix that is
linear in the Gram matrix (Lemma 6).

Checked: the closed form against sampled gates, the limits as trends.

References
----------
Kim & Pilanci (2024), Proposition 11, Theorem 6 and Lemma 6; El Karoui (2010), The spectrum of
kernel random matrices.
"""

import math

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths
from relaxgap.theory.bound import Constant, Origin

KAPPA_SCALE = Constant(
    20.0,
    Origin.RECONSTRUCTED,
    "Theorem 6: 320 of Theorem 1 is 2 (signs) times 8 (Chernoff) times this",
)
PARALLEL = 1e-3
"""Distance of a cosine from 1 below which the angle is taken from the rows' difference."""


def activation_gram(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n n"]:
    r"""Return :math:`M = E[D X X^\top D]` over Gaussian gates, in closed form.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix; a zero row has a zero row of ``M``.

    Notes
    -----
    Cost: O(n^2 d). An angle near 0 or pi is taken from the difference or the sum of the rows: the
    arc cosine alone would make two equal rows look independent by 1e-8.

    Examples
    --------
    >>> import numpy as np
    >>> activation_gram(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]))
    array([[0.5, 0. , 0.5],
           [0. , 2. , 0. ],
           [0.5, 0. , 0.5]])
    """
    lengths = row_lengths(X)
    units = np.divide(X, lengths[:, None], out=np.zeros_like(X), where=lengths[:, None] > 0.0)
    cosines = np.clip(units @ units.T, -1.0, 1.0)
    angles = np.arccos(cosines)
    for i, j in np.argwhere(np.triu(np.abs(cosines) > 1.0 - PARALLEL)):
        apart = float(np.linalg.norm(units[i] - math.copysign(1.0, cosines[i, j]) * units[j]))
        small = 2.0 * math.asin(min(0.5 * apart, 1.0))
        angles[i, j] = angles[j, i] = small if cosines[i, j] > 0.0 else math.pi - small
    return np.asarray((X @ X.T) * (0.5 - angles / (2.0 * np.pi)))


def sampled_activation_gram(
    X: Float64[np.ndarray, "n d"], active: Bool[np.ndarray, "P n"]
) -> Float64[np.ndarray, "n n"]:
    r"""Return :math:`\hat M = \frac1P \sum_i D_i X X^\top D_i`, repeats kept.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix.
    active : (P, n) bool
        A row for each gate drawn, equal rows as often as they were drawn.

    Notes
    -----
    Cost: O(n^2 (d + P)), one product of each.
    """
    together = active.T.astype(np.float64) @ active
    return np.asarray((X @ X.T) * (together / active.shape[0]))


def least_eigenvalue(M: Float64[np.ndarray, "n n"]) -> float:
    r"""Return a lower bound of the least eigenvalue of a symmetric matrix, 0 if it may be singular.

    Invertible means :math:`\lambda_{\min} > n \epsilon \lambda_{\max}`; a row of zeros (a sample
    that no gate activates) is singular whatever the rounding.
    """
    if np.any(np.diag(M) == 0.0):
        return 0.0
    values = np.linalg.eigvalsh(M)
    rounding = M.shape[0] * EPS * float(values[-1])
    return max(float(values[0]) - rounding, 0.0) if values[0] > rounding else 0.0


def operator_norm(M: Float64[np.ndarray, "n n"]) -> float:
    """Return the largest absolute eigenvalue of a symmetric matrix, above it by rounding alone."""
    values = np.linalg.eigvalsh(M)
    return float(np.abs(values).max() * (1.0 + 8.0 * EPS * M.shape[0]))


def largest_eigenvalue(X: Float64[np.ndarray, "n d"]) -> float:
    r"""Return an upper bound of :math:`\lambda_{\max}(X X^\top)`, above it by rounding alone."""
    return float(np.linalg.norm(X, 2)) ** 2 * (1.0 + 8.0 * EPS * sum(X.shape))


def condition_number(X: Float64[np.ndarray, "n d"]) -> float:
    r"""Return :math:`\kappa = \lambda_{\max}(X X^\top) / \lambda_{\min}(M)`, never below it.

    Infinite where :math:`M` may be singular: two parallel rows, or a zero row.
    """
    return condition_of(largest_eigenvalue(X), least_eigenvalue(activation_gram(X)))


def condition_of(largest: float, least: float) -> float:
    r"""Return :math:`\kappa` of the two eigenvalues, where they are known already."""
    return largest / least if least > 0.0 else math.inf


def kappa_limit(c: float) -> float:
    r"""Return what :math:`\kappa` tends to under (A1), for :math:`c = n / d`.

    :math:`4 (1 + \sqrt c)^2` from :math:`c = 1` on, below
    :math:`4 (1 + \sqrt c)^2 / (1 + (1 - \sqrt c)^2)`.

    Examples
    --------
    >>> round(kappa_limit(2.0), 1)
    23.3
    """
    root = math.sqrt(c)
    flattest = (1.0 - root) ** 2 if c < 1.0 else 0.0
    return 4.0 * (1.0 + root) ** 2 / (1.0 + flattest)


def kappa_bound(c: float) -> float:
    r"""Return Theorem 6's :math:`20 (\sqrt c + 1)^2`, which :math:`\kappa` stays below."""
    return KAPPA_SCALE.value * (math.sqrt(c) + 1.0) ** 2


def linear_kernel(X: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n n"]:
    r"""Return Lemma 6's approximation of :math:`M`.

    .. math:: \tfrac14 X X^\top + \tfrac d4 I + \tfrac1{2 \pi} 1 1^\top

    for rows drawn from :math:`N(0, I_d)`; over :math:`d`, its operator error vanishes.
    """
    n, d = X.shape
    return np.asarray(0.25 * (X @ X.T) + 0.25 * d * np.eye(n) + 1.0 / (2.0 * np.pi))
