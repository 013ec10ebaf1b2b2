r"""A proven bound on the best neuron of a region, from the lifted (completely positive) relaxation.

A neuron of one output sign, scaled so that its output weight :math:`\alpha` equals :math:`\|u\|`,
is lifted to :math:`z = (\alpha, u, a, b)` with :math:`a = (Xu)_+` and :math:`b = (-Xu)_+`. Each of
these is linear in :math:`zz^\top` and holds for every neuron:

- :math:`a_i b_i = 0`; products of two entries of :math:`(a, b)` are non-negative;
- :math:`\|u\, a_i\| \le \alpha a_i` and :math:`\|u\, b_i\| \le \alpha b_i`;
- :math:`a - b = Xu`, which leaves a matrix of order :math:`1 + d + n`.

So multipliers :math:`K` of those relations, good or bad, prove a bound on
:math:`\max_{\|u\| \le 1} \pm\nu^\top (Xu)_+` through one eigenvalue. Deciding activations
(*regions*) only removes rows: a sample decided active has :math:`b_i = 0`, one decided inactive
:math:`a_i = 0`, and the sample leaves the matrix.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, for the completely positive form.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int, Int8

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths

UNDECIDED, INACTIVE, ACTIVE = -1, 0, 1
ROW_LENGTH = 0.8
"""Length given to every row of ``X``: balances ``u`` and ``Xu``; measured, any value is valid."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Hold the neurons of one output sign whose activation at some samples is decided.

    Parameters
    ----------
    sign : float
        Sign of the output weight, +1 or -1.
    activations : (n,) int8
        1 active, 0 inactive, -1 undecided.
    """

    sign: float
    activations: Int8[np.ndarray, " n"]

    def split(self, sample: int) -> "tuple[Region, Region]":
        """Decide one more sample both ways; the two parts cover the region."""
        parts = []
        for activation in (ACTIVE, INACTIVE):
            activations = self.activations.copy()
            activations[sample] = activation
            parts.append(Region(self.sign, activations))
        return parts[0], parts[1]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Hold the data in the units of the lifting, and what the change of units cost.

    Parameters
    ----------
    rows : (n, r) float64
        Rows of length `ROW_LENGTH` in an orthonormal basis of the row space.
    basis : (r, d) float64
        That basis.
    weights : (n,) float64
        ``fit = weights * a`` in units where ``y`` and the weights' spectral scale are 1.
    y : (n,) float64
        Labels in those units.
    beta : float
        Regularisation strength in those units.
    samples : (n,) int
        The samples kept: those with nonzero rows.
    label_unit, price_unit : float
        What a label and a price of 1 are in the data's own units.
    lost : (n,) float64
        Length of what the basis cannot express of each row, with rounding, in the data's units.
    spread : float
        An upper bound of the sum of squares of ``rows @ u`` over unit ``u``.
    """

    rows: Float64[np.ndarray, "n r"]
    basis: Float64[np.ndarray, "r d"]
    weights: Float64[np.ndarray, " n"]
    y: Float64[np.ndarray, " n"]
    beta: float
    samples: Int[np.ndarray, " n"]
    label_unit: float
    price_unit: float
    lost: Float64[np.ndarray, " n"]
    spread: float


def units_of(data: Dataset, beta: float) -> Units | None:
    """Return the data in the units of the lifting; None if ``X`` or ``y`` is zero."""
    samples = np.flatnonzero(np.any(data.X != 0.0, axis=1))
    label_unit = float(np.linalg.norm(data.y[samples])) if samples.size else 0.0
    if label_unit == 0.0:
        return None
    X = data.X[samples]
    lengths = row_lengths(X)
    unit = X / lengths[:, None]
    _, values, vt = np.linalg.svd(unit, full_matrices=False)
    rank = int(np.count_nonzero(values > 1e-12 * values[0]))
    basis = vt[:rank] if rank < data.d else np.eye(data.d)
    rows = unit @ basis.T
    missing = np.linalg.norm(unit - rows @ basis, axis=1) if rank < data.d else 0.0
    lost = lengths * (missing + 8.0 * EPS * (data.d + 4))
    scale = float(np.linalg.norm(X, 2))
    return Units(
        rows=ROW_LENGTH * rows,
        basis=basis,
        weights=lengths / (ROW_LENGTH * scale),
        y=data.y[samples] / label_unit,
        beta=beta / (scale * label_unit),
        samples=samples,
        label_unit=label_unit,
        price_unit=scale * label_unit,
        lost=lost,
        spread=float(np.linalg.norm(ROW_LENGTH * rows, 2)) ** 2 * (1.0 + 1e-9),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lifting:
    """Hold how the lifted neurons of a region are laid out.

    The entries of a lifted neuron are ``alpha``, ``u``, then ``a`` and ``b`` at the samples where
    the region leaves them free to be positive. ``embedding`` writes them in terms of ``alpha``,
    ``u`` and ``a`` at the undecided samples.

    Parameters
    ----------
    region : Region
        Over the samples of ``units``.
    units : Units
        The data.
    """

    region: Region
    units: Units
    positive: Int[np.ndarray, " p"] = field(init=False)
    negative: Int[np.ndarray, " q"] = field(init=False)
    a: Int[np.ndarray, " p"] = field(init=False)
    b: Int[np.ndarray, " q"] = field(init=False)
    free_a: Int[np.ndarray, " f"] = field(init=False)
    free_b: Int[np.ndarray, " f"] = field(init=False)
    embedding: Float64[np.ndarray, "N k"] = field(init=False)

    def __post_init__(self) -> None:
        activations, rows = self.region.activations, self.units.rows
        rank = rows.shape[1]
        free = activations == UNDECIDED
        positive = np.flatnonzero(activations != INACTIVE)
        negative = np.flatnonzero(activations != ACTIVE)
        a = 1 + rank + np.arange(positive.size)
        b = 1 + rank + positive.size + np.arange(negative.size)
        free_a, free_b = a[free[positive]], b[free[negative]]
        inner = 1 + rank + np.arange(free_a.size)
        embedding = np.zeros((1 + rank + a.size + b.size, 1 + rank + free_a.size))
        embedding[: 1 + rank, : 1 + rank] = np.eye(1 + rank)
        embedding[a, 1 : 1 + rank] = np.where(free[positive, None], 0.0, rows[positive])
        embedding[b, 1 : 1 + rank] = -rows[negative]
        embedding[free_a, inner] = 1.0
        embedding[free_b, inner] = 1.0
        for name, value in (
            ("positive", positive),
            ("negative", negative),
            ("a", a),
            ("b", b),
            ("free_a", free_a),
            ("free_b", free_b),
            ("embedding", embedding),
        ):
            object.__setattr__(self, name, value)

    @property
    def order(self) -> int:
        """Entries of a lifted neuron."""
        return int(self.embedding.shape[0])

    @property
    def rank(self) -> int:
        """Entries of ``u``."""
        return int(self.units.rows.shape[1])

    def gains(self, nu: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " p"]:
        r"""Return the coefficient of each product :math:`\alpha a_i` in the price at ``nu``."""
        gains = self.region.sign * self.units.weights * nu
        return np.asarray(gains[self.positive])

    def price(
        self, nu: Float64[np.ndarray, " n"], multipliers: Float64[np.ndarray, "N N"]
    ) -> float:
        r"""Bound :math:`\max \pm\nu^\top (Xu)_+` over unit ``u`` of the region, in these units.

        Parameters
        ----------
        nu : (n,) float64
            Dual point, in these units.
        multipliers : (N, N) float64
            Symmetric, of any quality. The rows of ``alpha`` and ``u`` are read against the columns
            of ``a`` and ``b`` only; entries that would not be multipliers are replaced.

        Notes
        -----
        Cost: one product and the eigenvalues of a matrix of the order of ``embedding``'s columns.
        """
        relations = self._admissible(multipliers)
        beta = self.units.beta
        diagonal = np.arange(1 + self.rank)
        relations[diagonal, diagonal] = -0.5 * beta
        gains = 0.5 * self.gains(nu)
        relations[0, self.a] += gains
        relations[self.a, 0] += gains
        form = self.embedding.T @ relations @ self.embedding
        form = 0.5 * (form + form.T)
        # |embedding|, entry by entry, has a squared norm of at most 3 + 3 |rows|_F^2
        size = np.linalg.norm(relations) * (3.0 + 3.0 * np.linalg.norm(self.units.rows) ** 2)
        if not np.isfinite(size):
            return np.inf
        largest = float(np.linalg.eigvalsh(form)[-1]) + 8.0 * EPS * self.order * float(size)
        # the squared length of (alpha, u, a) lies between 2 and 2 + spread
        return beta + largest * (2.0 + self.units.spread if largest > 0.0 else 2.0)

    def _admissible(self, multipliers: Float64[np.ndarray, "N N"]) -> Float64[np.ndarray, "N N"]:
        """Return multipliers that are non-negative on every relation."""
        inner = 1 + self.rank
        products = np.zeros_like(multipliers)
        products[inner:, inner:] = np.maximum(multipliers[inner:, inner:], 0.0)
        products[self.free_a, self.free_b] = multipliers[self.free_a, self.free_b]
        products[self.free_b, self.free_a] = multipliers[self.free_a, self.free_b]
        across = multipliers[1:inner, inner:]
        lengths = np.linalg.norm(across, axis=0) * (1.0 + 8.0 * EPS * inner)
        products[1:inner, inner:] = across
        products[inner:, 1:inner] = across.T
        products[0, inner:] = products[inner:, 0] = np.maximum(multipliers[0, inner:], lengths)
        return products


def proven_price(
    units: Units, nu: Float64[np.ndarray, " n"], prices: Float64[np.ndarray, " k"]
) -> float:
    r"""Turn prices of regions that cover all neurons into one, in the data's own units.

    Parameters
    ----------
    units : Units
        The data.
    nu : (n,) float64
        The dual point at the kept samples, in the data's units.
    prices : (k,) float64
        What `Lifting.price` says of each region.

    Returns
    -------
    float
        At least :math:`\max_{\|u\| \le 1} |\nu^\top (Xu)_+|`, rounding included.
    """
    largest = max(float(prices.max()), 0.0) * units.price_unit
    # the basis is orthonormal up to rounding
    stretched = largest * (1.0 + 32.0 * EPS * (units.basis.shape[1] + 8))
    return float(stretched + np.abs(nu) @ units.lost * (1.0 + 8.0 * EPS * nu.size))
