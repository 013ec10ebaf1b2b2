r"""One region's share of a step: its matrix, its relations, and the multipliers between them.

For the lifted matrix :math:`Z \succeq 0` of the region, its copy :math:`Y` that obeys the
relations, their multiplier :math:`M` and the penalty :math:`\rho`, one step is

.. math:: M \gets M + \omega \rho (Y - Z), \qquad
          Z \gets \Pi_{\succeq 0}\bigl(Y + M / \rho\bigr) \text{ on the face}, \qquad
          Y \gets \Pi_{\text{relations}}\bigl(Z - M / \rho - \tfrac{\beta}{2 \rho} J
          + \tfrac{1}{\rho} G(r)\bigr),

with :math:`G(r)` half the gains at the residual :math:`r` at :math:`(\alpha, a)`: the pull of the
labels.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.lifted.layout import Lifting, Region
from relaxgap.certificates.all_patterns.lifted.price import region_price_bound
from relaxgap.certificates.all_patterns.lifted.units import Units
from relaxgap.numerics.rounding import TINY

OVER_RELAXATION = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class Pulls:
    r"""Hold what the fit needs of a projected region, at the samples that have an entry of ``a``.

    Parameters
    ----------
    heads, lengths : (p,) float64
        :math:`Z_{\alpha a}` less its multiplier, and :math:`\|Z_{u a}\|`.
    """

    heads: Float64[np.ndarray, " p"]
    lengths: Float64[np.ndarray, " p"]


class LiftedRegion:
    """Hold the matrix of one region: its relations' copy ``Y``, its multiplier, its last ``Z``.

    A region without neurons can rest: its matrix is zero, and its multipliers still prove prices.
    """

    def __init__(self, region: Region, units: Units) -> None:
        self.lifting = Lifting.of(region, units)
        self.face: Float64[np.ndarray, "N k"] = np.linalg.qr(self.lifting.embedding)[0]
        order = self.lifting.order
        self.Y = np.zeros((order, order))
        self.multiplier = np.zeros((order, order))
        self.Z = np.zeros((order, order))
        self.force = np.zeros((order, order))
        self.moved = 0.0
        self.resting = False
        # what the relations start from, between the two halves of a step
        self._start: Float64[np.ndarray, "N N"] | None = None

    def project(self, penalty: float) -> Pulls:
        """Project onto the semidefinite cone of the face; return what the fit needs of it."""
        self.multiplier += OVER_RELAXATION * self.force
        target = self.face.T @ (self.Y + self.multiplier / penalty) @ self.face
        values, vectors = np.linalg.eigh(target)
        kept = values > 0.0
        factor = self.face @ (vectors[:, kept] * np.sqrt(values[kept]))
        self.Z = factor @ factor.T
        start = self.Z - self.multiplier / penalty
        diagonal = np.arange(1 + self.lifting.rank)
        start[diagonal, diagonal] -= 0.5 * self.lifting.units.beta / penalty
        self._start = start
        across = start[1 : 1 + self.lifting.rank, self.lifting.a]
        return Pulls(start[0, self.lifting.a], np.asarray(np.linalg.norm(across, axis=0)))

    def impose(self, residual: Float64[np.ndarray, " n"], penalty: float) -> None:
        """Take the nearest matrix with the relations, its fit pulled towards the labels."""
        if self._start is None:
            # it was projected in a process that is lost
            self.project(penalty)
        assert self._start is not None
        lifting, inner = self.lifting, 1 + self.lifting.rank
        Y, self._start = self._start, None
        pull = lifting.gains(residual) / (2.0 * penalty)
        Y[inner:, inner:] = np.maximum(Y[inner:, inner:], 0.0)
        Y[lifting.free_a, lifting.free_b] = Y[lifting.free_b, lifting.free_a] = 0.0
        Y[0, lifting.a] += pull
        lengths = np.linalg.norm(Y[1:inner, inner:], axis=0)
        heads = nearest_heads(Y[0, inner:], lengths)
        shrink = np.divide(heads, lengths, out=np.ones_like(heads), where=lengths > heads)
        Y[1:inner, inner:] *= shrink
        Y[0, inner:] = heads
        Y[inner:, :inner] = Y[:inner, inner:].T
        self.moved = float(np.linalg.norm(Y - self.Y))
        self.force = penalty * (Y - self.Z)
        self.Y = Y

    def relations(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "N N"]:
        """Return the multipliers of the relations at the end of the last step."""
        if self.resting:
            return self.multiplier
        return self._less_gains(self.multiplier + self.force, nu)

    def price_bound(self, nu: Float64[np.ndarray, " n"]) -> float:
        """Bound the price of its neurons by its multipliers."""
        return region_price_bound(self.lifting, nu, self.relations(nu))

    @property
    def sizes(self) -> Float64[np.ndarray, "4"]:
        """Norms of the force, of the last move, of the matrix and of its multiplier."""
        matrices = self.force, self.Y, self.multiplier
        force, length, multiplier = (float(np.linalg.norm(matrix)) for matrix in matrices)
        return np.array([force, self.moved, length, multiplier])

    @property
    def matrices(self) -> Float64[np.ndarray, "4 N N"]:
        """All that steps change: ``Y``, ``Z``, the multiplier and the force."""
        return np.stack([self.Y, self.Z, self.multiplier, self.force])

    @matrices.setter
    def matrices(self, matrices: Float64[np.ndarray, "4 N N"]) -> None:
        self.Y, self.Z, self.multiplier, self.force = matrices

    @property
    def mass(self) -> float:
        """Squared output weights that the region holds."""
        return float(self.Y[0, 0])

    def rest(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Leave the iteration with the multipliers at hand."""
        self.multiplier = self.relations(nu)
        self.Y, self.Z, self.force = (np.zeros_like(self.Y) for _ in range(3))
        self.resting = True

    def wake(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Join the iteration again, from a matrix of zero."""
        self.multiplier = self._less_gains(self.multiplier, -nu)
        self.resting = False

    def _less_gains(
        self, matrix: Float64[np.ndarray, "N N"], nu: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, "N N"]:
        gains = 0.5 * self.lifting.gains(nu)
        less = matrix.copy()
        less[0, self.lifting.a] -= gains
        less[self.lifting.a, 0] -= gains
        return np.asarray(less)

    def split(self, sample: int) -> "list[LiftedRegion]":
        """Decide one activation both ways; each part starts from its share of this region."""
        lifting = self.lifting
        parts = [LiftedRegion(part, lifting.units) for part in lifting.region.split(sample)]
        index = lifting.positive.searchsorted(sample), lifting.negative.searchsorted(sample)
        shares = np.array([self.Y[0, lifting.a[index[0]]], self.Y[0, lifting.b[index[1]]]])
        shares = shares / max(float(shares.sum()), TINY)
        for part, share in zip(parts, shares, strict=True):
            inner = np.arange(1 + lifting.rank)
            a = lifting.a[np.isin(lifting.positive, part.lifting.positive)]
            b = lifting.b[np.isin(lifting.negative, part.lifting.negative)]
            kept = np.concatenate([inner, a, b])
            part.Y = share * self.Y[np.ix_(kept, kept)]
            part.multiplier = (self.multiplier + self.force)[np.ix_(kept, kept)]
        return parts


def nearest_heads(
    heads: Float64[np.ndarray, "..."], lengths: Float64[np.ndarray, "..."]
) -> Float64[np.ndarray, "..."]:
    r"""Return the heads of the projections of ``(head, tail)`` onto the second-order cone.

    The nearest point with :math:`\|t\| \le h` keeps :math:`h` if it holds, is 0 if
    :math:`\|t\| \le -h`, and otherwise has the head :math:`\tfrac12 (h + \|t\|)`.
    """
    middle = np.where(lengths <= -heads, 0.0, 0.5 * (heads + lengths))
    return np.where(lengths <= heads, heads, middle)
