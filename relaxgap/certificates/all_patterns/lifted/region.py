r"""One region's share of a step: its matrix, its relations, and the multipliers between them.

For the lifted matrix :math:`Z \succeq 0` of the region, its copy :math:`Y` that obeys the
relations, their multiplier :math:`M` and the penalty :math:`\rho`, one step is

.. math:: M \gets M + \omega \rho (Y - Z), \qquad
          Z \gets \Pi_{\succeq 0}\bigl(Y + M / \rho\bigr) \text{ on the face}, \qquad
          Y \gets \Pi_{\text{relations}}\bigl(Z - M / \rho - \tfrac{\beta}{2 \rho} J
          + \tfrac{1}{\rho} G(r)\bigr),

with :math:`G(r)` half the gains at the residual :math:`r` at :math:`(\alpha, a)`: the pull of the
labels. Every region has a penalty of its own.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from relaxgap.certificates.all_patterns.lifted.face import Face
from relaxgap.certificates.all_patterns.lifted.layout import Lifting, Region
from relaxgap.certificates.all_patterns.lifted.positive_part import PositivePart
from relaxgap.certificates.all_patterns.lifted.price import region_price_bound
from relaxgap.certificates.all_patterns.lifted.units import Units
from relaxgap.numerics.limits import rows_at_once
from relaxgap.numerics.rounding import TINY

OVER_RELAXATION = 1.6
FIRST_PENALTY, PENALTY_FACTOR = 0.3, 1.3
PROOF_WEIGHT = 4.0
"""Weight of the residual of the multipliers, which a proof feels, against that of the matrices."""
MAX_DOUBLE_ORDER = 160
"""Order of a lifted neuron up to which steps are taken in double precision.

Beyond, half the memory to move is worth more than digits that the steps do not get to. Proofs are
in double precision always.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Pulls:
    r"""Hold what the fit needs of a projected region, at the samples that have an entry of ``a``.

    Parameters
    ----------
    heads, lengths : (p,) float64
        :math:`Z_{\alpha a}` less its multiplier, and :math:`\|Z_{u a}\|`.
    penalty : float
        Of the region.
    """

    heads: Float64[np.ndarray, " p"]
    lengths: Float64[np.ndarray, " p"]
    penalty: float


@dataclass(slots=True, eq=False)
class State:
    r"""Hold all that steps change.

    Parameters
    ----------
    Y, Z, scaled, apart : (N, N) float
        The matrix with the relations, the semidefinite one, :math:`M / \rho` and :math:`Y - Z`;
        between the two halves of a step ``apart`` holds what the relations start from.
    penalty : float
        :math:`\rho`.
    positive_part : PositivePart
        The subspace that goes along.
    moved : float
        Norm of the last change of ``Y`` that was measured.
    """

    Y: Float[np.ndarray, "N N"]
    Z: Float[np.ndarray, "N N"]
    scaled: Float[np.ndarray, "N N"]
    apart: Float[np.ndarray, "N N"]
    penalty: float
    positive_part: PositivePart
    moved: float = 0.0

    @classmethod
    def of(cls, order: int) -> "State":
        """Return that of a matrix and a multiplier of zero."""
        dtype = np.float32 if order > MAX_DOUBLE_ORDER else np.float64
        Y, Z, scaled, apart = np.zeros((4, order, order), dtype)
        return cls(Y, Z, scaled, apart, FIRST_PENALTY, PositivePart())


class LiftedRegion:
    """Hold the matrix of one region and step it.

    A region without neurons can rest: its matrix is zero, and its multipliers still prove prices.
    """

    def __init__(self, region: Region, units: Units) -> None:
        self.lifting = Lifting.of(region, units)
        self.state = State.of(self.lifting.order)
        self.face = Face.of(self.lifting, self.state.Y.dtype)
        self.resting: Float64[np.ndarray, "N N"] | None = None
        self._is_loose = False

    def project(self) -> Pulls:
        """Project onto the semidefinite cone of the face; return what the fit needs of it."""
        lifting, state, inner = self.lifting, self.state, 1 + self.lifting.rank
        for rows in self._panels:
            apart = state.apart[rows]
            apart *= OVER_RELAXATION
            state.scaled[rows] += apart
            np.add(state.Y[rows], state.scaled[rows], out=apart)
        target = self.face.restrict(state.apart)
        factor = self.face.extend(state.positive_part.factor(target))
        for rows in self._panels:
            np.matmul(factor[rows], factor.T, out=state.Z[rows])
            np.subtract(state.Z[rows], state.scaled[rows], out=state.apart[rows])
        diagonal = np.arange(inner)
        state.apart[diagonal, diagonal] -= 0.5 * lifting.units.beta / state.penalty
        self._is_loose = True
        heads, across = state.apart[0, lifting.a], state.apart[1:inner, lifting.a]
        lengths = _lengths(across).astype(np.float64)
        return Pulls(heads.astype(np.float64), lengths, state.penalty)

    def impose(self, residual: Float64[np.ndarray, " n"], is_measured: bool = False) -> None:
        """Take the nearest matrix with the relations, its fit pulled towards the labels.

        Where it is measured how far this is from the one before, the penalty follows the balance
        of the two residuals.
        """
        if not self._is_loose:
            # it was projected in a process that is lost
            self.project()
        lifting, state, inner = self.lifting, self.state, 1 + self.lifting.rank
        before = state.Y.copy() if is_measured else None
        Y, state.Y, state.apart = state.apart, state.apart, state.Y
        free_a, free_b = lifting.pairs
        Y[free_a, free_b] = Y[free_b, free_a] = 0.0
        Y[0, lifting.a] += lifting.gains(residual) / (2.0 * state.penalty)
        lengths = _lengths(Y[1:inner, inner:])
        heads = nearest_heads(Y[0, inner:], lengths)
        shrink = np.divide(heads, lengths, out=np.ones_like(heads), where=lengths > heads)
        Y[1:inner, inner:] *= shrink
        Y[0, inner:] = heads
        Y[inner:, :inner] = Y[:inner, inner:].T
        for rows in self._panels:
            products = Y[max(inner, rows.start) : rows.stop, inner:]
            np.maximum(products, 0.0, out=products)
            np.subtract(Y[rows], state.Z[rows], out=state.apart[rows])
        self._is_loose = False
        if before is not None:
            np.subtract(Y, before, out=before)
            self._balance(float(np.linalg.norm(before)))

    def _balance(self, moved: float) -> None:
        r"""Move the penalty towards balanced residuals.

        It grows where :math:`\|Y - Z\| / \|Y\|` stays behind
        :math:`\rho \|Y - Y_{\text{before}}\| / \|M\|` times its weight, and falls where that stays
        behind it (Boyd et al. 2011, Section 3.4.1).
        """
        state = self.state
        apart, length, scaled = (
            float(np.linalg.norm(matrix)) for matrix in (state.apart, state.Y, state.scaled)
        )
        apart /= max(length, TINY)
        moved *= PROOF_WEIGHT / max(scaled, TINY)
        factor = 1.0
        if apart > 2.0 * moved:
            factor = PENALTY_FACTOR
        elif moved > 2.0 * apart:
            factor = 1.0 / PENALTY_FACTOR
        if factor != 1.0:
            state.penalty *= factor
            state.scaled /= factor
            state.apart /= factor

    @property
    def _panels(self) -> list[slice]:
        """Rows whose matrices stay in the cache of a core together."""
        order = self.lifting.order
        n_rows = rows_at_once(2 * order)
        return [slice(k, k + n_rows) for k in range(0, order, n_rows)]

    def relations(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "N N"]:
        """Return the multipliers of the relations at the end of the last step."""
        if self.resting is not None:
            return self.resting
        state = self.state
        multipliers = state.penalty * (state.scaled.astype(np.float64) + state.apart)
        return self._less_gains(multipliers, nu)

    def price_bound(self, nu: Float64[np.ndarray, " n"]) -> float:
        """Bound the price of its neurons by its multipliers."""
        return region_price_bound(self.lifting, nu, self.relations(nu))

    @property
    def mass(self) -> float:
        """Squared output weights that the region holds."""
        return float(self.state.Y[0, 0])

    @property
    def cost(self) -> float:
        r"""What the region's neurons cost, :math:`\tfrac\beta2 \mathrm{tr}_{\alpha, u} Y`."""
        trace = np.trace(self.state.Y[: 1 + self.lifting.rank, : 1 + self.lifting.rank])
        return 0.5 * self.lifting.units.beta * float(trace)

    def rest(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Leave the iteration with the multipliers at hand."""
        self.resting = self.relations(nu)
        self.state = State.of(self.lifting.order)

    def wake(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Join the iteration again, from a matrix of zero."""
        assert self.resting is not None
        self.state.scaled[:] = self._less_gains(self.resting, -nu) / self.state.penalty
        self.resting = None

    def _less_gains(
        self, matrix: Float64[np.ndarray, "N N"], nu: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, "N N"]:
        gains = 0.5 * self.lifting.gains(nu)
        less = matrix.copy()
        less[0, self.lifting.a] -= gains
        less[self.lifting.a, 0] -= gains
        return np.asarray(less)

    def split(self, sample: int) -> "list[LiftedRegion]":
        r"""Decide one activation both ways, into parts whose matrices add up to this one's.

        Of a semidefinite :math:`Z` with :math:`Z_{ab} = 0` the columns :math:`v = Z e_a /
        \sqrt{Z_{aa}}` and :math:`w = Z e_b / \sqrt{Z_{bb}}` go to one part each;
        what is left of :math:`Z` vanishes at both and belongs to either.
        """
        lifting = self.lifting
        parts = [LiftedRegion(part, lifting.units) for part in lifting.region.split(sample)]
        index = int(np.flatnonzero(lifting.undecided == sample)[0])
        columns = [
            self.state.Z[:, k] / np.sqrt(max(float(self.state.Z[k, k]), TINY))
            for k in (places[index] for places in lifting.pairs)
        ]
        own = [np.outer(column, column) for column in columns]
        rest = self.state.Z - own[0] - own[1]
        scaled = self.state.scaled + self.state.apart
        masses = np.array([float(matrix[0, 0]) for matrix in own])
        shares = masses / max(float(masses.sum()), TINY)
        for part, matrix, share in zip(parts, own, shares, strict=True):
            places = lifting.places_of(part.lifting)
            kept = np.ix_(places, places)
            part.state.Y[:] = part.state.Z[:] = (matrix + share * rest)[kept]
            part.state.scaled[:] = scaled[kept]
            part.state.penalty = self.state.penalty
        return parts


def _lengths(columns: Float[np.ndarray, "r p"]) -> Float[np.ndarray, " p"]:
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", columns, columns)))


def nearest_heads(
    heads: Float[np.ndarray, "..."], lengths: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    r"""Return the heads of the projections of ``(head, tail)`` onto the second-order cone.

    The nearest point with :math:`\|t\| \le h` keeps :math:`h` if it holds, is 0 if
    :math:`\|t\| \le -h`, and otherwise has the head :math:`\tfrac12 (h + \|t\|)`.
    """
    middle = np.where(lengths <= -heads, 0.0, 0.5 * (heads + lengths))
    return np.where(lengths <= heads, heads, middle)
