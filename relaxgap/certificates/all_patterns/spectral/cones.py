r"""The cones of the lifted relaxation, their scalings and how far one may step.

For unit rows :math:`x_i`, weights :math:`\lambda`, slopes :math:`e`, moduli :math:`\kappa`, shares
:math:`\tau` and a corner :math:`t`, a bound of one sign asks

.. math:: \begin{pmatrix} t & \tfrac12 e^\top X \\ \cdot & I - X^\top \Lambda X \end{pmatrix}
          \succeq 0, \qquad
          \begin{pmatrix} \tau_i & \kappa_i / 2 \\ \cdot & \lambda_i \end{pmatrix} \succeq 0

and linear inequalities; its square, over four, is :math:`t + \sum_i \tau_i`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import eigh_tridiagonal, solve_triangular

MIN_ORDER_FOR_LANCZOS = 100
MAX_LANCZOS_STEPS = 60
LANCZOS_ACCURACY = 0.02


class Cones(NamedTuple):
    """Hold one element of the cones of one sign: slacks, multipliers or a change of either.

    Slacks and multipliers have ``matrix`` (k, k) and ``blocks`` (b, 2, 2) positive definite, and
    ``left`` (m,), ``right`` (m,) and ``budget`` (0 or 1,) positive.
    """

    matrix: Float64[np.ndarray, "k k"]
    blocks: Float64[np.ndarray, "b 2 2"]
    left: Float64[np.ndarray, " m"]
    right: Float64[np.ndarray, " m"]
    budget: Float64[np.ndarray, " c"]

    def inner(self, other: "Cones") -> float:
        """Return the sum of the products of all entries."""
        return sum(float(np.vdot(a, b)) for a, b in zip(self, other, strict=True))

    def moved(self, step: "Cones", length: float) -> "Cones":
        """Return the element ``length`` along ``step``."""
        return Cones(*(a + length * b for a, b in zip(self, step, strict=True)))

    def scaled(self, factor: float) -> "Cones":
        """Return a multiple."""
        return Cones(*(factor * part for part in self))


class Point(NamedTuple):
    """Hold the variables of a problem, or a change of them.

    ``dense`` (N,) has the weights and the slopes of each sign, and the corners at its end;
    ``local`` (n, q) has what only one sample's own cones see.
    """

    dense: Float64[np.ndarray, " N"]
    local: Float64[np.ndarray, "n q"]

    def inner(self, other: "Point") -> float:
        """Return the sum of the products of all entries."""
        return float(np.vdot(self.dense, other.dense) + np.vdot(self.local, other.local))

    def moved(self, step: "Point", length: float) -> "Point":
        """Return the point ``length`` along ``step``."""
        return Point(self.dense + length * step.dense, self.local + length * step.local)


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Relate a slack to its multiplier.

    Parameters
    ----------
    slack, multiplier, inverse : Cones
        The pair, and the inverse of the slack, cone by cone.
    slack_factor, multiplier_factor : (k, k) float64
        Lower Cholesky factors of the two matrices.
    root : (b, 2, 2) float64
        ``root.T @ slack @ root`` and ``inv(root) @ multiplier @ inv(root).T`` are both the
        diagonal ``spectrum``, block by block (Nesterov & Todd).
    spectrum : (b, 2) float64
        Positive.
    """

    slack: Cones
    multiplier: Cones
    inverse: Cones
    slack_factor: Float64[np.ndarray, "k k"]
    multiplier_factor: Float64[np.ndarray, "k k"]
    root: Float64[np.ndarray, "b 2 2"]
    spectrum: Float64[np.ndarray, "b 2"]

    def response(self, step: Cones) -> Cones:
        r"""Return how far the multiplier falls, to first order, when the slack moves.

        For slack :math:`S`, multiplier :math:`Z` and :math:`R` the ``root``: of the matrix cone
        :math:`\tfrac12 (Z\, \Delta S\, S^{-1} + S^{-1} \Delta S\, Z)`, of a block
        :math:`R R^\top \Delta S\, R R^\top`, of an inequality :math:`z\, \Delta s / s`.
        """
        metric = self.root @ self.root.swapaxes(1, 2)
        return Cones(
            _symmetric(self.multiplier.matrix @ step.matrix @ self.inverse.matrix),
            metric @ step.blocks @ metric,
            *(
                m / s * d
                for m, s, d in zip(self.multiplier[2:], self.slack[2:], step[2:], strict=True)
            ),
        )

    def second_order(self, slack: Cones, multiplier: Cones) -> Cones:
        r"""Return the product of two changes, in the units of the multiplier.

        Of the matrix cone the symmetric part of :math:`\Delta Z\, \Delta S\, S^{-1}`; of a block,
        with both changes turned to where slack and multiplier are the diagonal :math:`\sigma`,
        :math:`R P R^\top` with :math:`P_{ij} = (\Delta S\, \Delta Z + \Delta Z\, \Delta S)_{ij}
        / (\sigma_i + \sigma_j)`; of an inequality :math:`\Delta z\, \Delta s / s`.
        """
        across = self.root.swapaxes(1, 2)
        back = np.linalg.inv(self.root)
        product = (across @ slack.blocks @ self.root) @ (
            back @ multiplier.blocks @ back.swapaxes(1, 2)
        )
        sums = self.spectrum[:, :, None] + self.spectrum[:, None, :]
        return Cones(
            _symmetric(multiplier.matrix @ slack.matrix @ self.inverse.matrix),
            self.root @ (2.0 * _symmetric(product) / sums) @ across,
            *(m * d / s for m, d, s in zip(multiplier[2:], slack[2:], self.slack[2:], strict=True)),
        )


def _symmetric(a: Float64[np.ndarray, "... k k"]) -> Float64[np.ndarray, "... k k"]:
    return np.asarray(0.5 * (a + a.swapaxes(-1, -2)))


def scaling(slack: Cones, multiplier: Cones) -> Scaling:
    """Factorise a pair.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding moved either out of its cones.
    """
    factor = np.linalg.cholesky(slack.matrix)
    identity = np.eye(factor.shape[0])
    inverse_factor = solve_triangular(factor, identity, lower=True, check_finite=False)
    below, above = np.linalg.cholesky(slack.blocks), np.linalg.cholesky(multiplier.blocks)
    _, spectrum, right = np.linalg.svd(below.swapaxes(1, 2) @ above)
    spectrum = np.maximum(spectrum, np.finfo(np.float64).tiny)
    inverse = Cones(
        inverse_factor.T @ inverse_factor,
        np.linalg.inv(slack.blocks),
        *(1.0 / part for part in slack[2:]),
    )
    return Scaling(
        slack,
        multiplier,
        inverse,
        factor,
        np.linalg.cholesky(multiplier.matrix),
        above @ right.swapaxes(1, 2) / np.sqrt(spectrum)[:, None, :],
        spectrum,
    )


def longest_step(element: Cones, step: Cones, factor: Float64[np.ndarray, "k k"]) -> float:
    r"""Return about how far the element can move before it leaves its cones; inf if it never does.

    For :math:`S = L L^\top` that is :math:`-1 / \lambda_{\min}(L^{-1} \Delta S\, L^{-\top})` where
    the eigenvalue is negative; ``factor`` is the :math:`L` of ``element.matrix``. Good to a few per
    cent.
    """
    least = _least_relative_eigenvalue(factor, step.matrix)
    roots = np.linalg.inv(np.linalg.cholesky(element.blocks))
    turned = roots @ step.blocks @ roots.swapaxes(1, 2)
    least = min(least, float(np.linalg.eigvalsh(turned).min(initial=0.0)))
    for part, change in zip(element[2:], step[2:], strict=True):
        least = min(least, float((change / part).min(initial=0.0)))
    return -1.0 / least if least < 0.0 else inf


def _least_relative_eigenvalue(
    factor: Float64[np.ndarray, "k k"], matrix: Float64[np.ndarray, "k k"]
) -> float:
    """Return the least eigenvalue of ``inv(factor) @ matrix @ inv(factor).T``, or a little less.

    Lanczos' method with full orthogonalisation: few products where all eigenvalues cost k^3.
    """
    k = factor.shape[0]
    if k <= MIN_ORDER_FOR_LANCZOS:
        scaled = solve_triangular(factor, matrix, lower=True, check_finite=False)
        scaled = solve_triangular(factor, scaled.T, lower=True, check_finite=False)
        # all of them: LAPACK fails to find one alone where nearly all are the same
        return float(np.linalg.eigvalsh(scaled)[0])
    basis = np.zeros((k, MAX_LANCZOS_STEPS + 1), order="F")
    diagonal, beside = np.zeros(MAX_LANCZOS_STEPS), np.zeros(MAX_LANCZOS_STEPS)
    # a vector without relations between its entries is next to no eigenvector
    probe = np.cos(np.arange(1.0, k + 1.0))
    basis[:, 0] = probe / np.linalg.norm(probe)
    least = error = 0.0
    for j in range(MAX_LANCZOS_STEPS):
        vector = solve_triangular(factor, basis[:, j], lower=True, trans="T", check_finite=False)
        vector = solve_triangular(factor, matrix @ vector, lower=True, check_finite=False)
        diagonal[j] = float(vector @ basis[:, j])
        for _ in range(2):
            vector = vector - basis[:, : j + 1] @ (basis[:, : j + 1].T @ vector)
        beside[j] = float(np.linalg.norm(vector))
        values, vectors = eigh_tridiagonal(diagonal[: j + 1], beside[:j], check_finite=False)
        least, error = float(values[0]), beside[j] * abs(float(vectors[-1, 0]))
        if error <= LANCZOS_ACCURACY * abs(least) or beside[j] == 0.0:
            break
        basis[:, j + 1] = vector / beside[j]
    return least - error


def inside(elements: Sequence[Cones]) -> bool:
    """Whether every element is in the interior of its cones, as far as rounding can tell."""
    try:
        for element in elements:
            np.linalg.cholesky(element.matrix)
            np.linalg.cholesky(element.blocks)
    except np.linalg.LinAlgError:
        return False
    return all(bool(np.all(part > 0.0)) for element in elements for part in element[2:])
