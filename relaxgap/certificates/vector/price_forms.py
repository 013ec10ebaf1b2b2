r"""Prices proven by quadratic forms: multipliers of products that no neuron makes negative.

Of a neuron :math:`u`, or of one with its activations beside it, let :math:`w` hold what a form
knows. Where :math:`a_k^\top w \cdot b_k^\top w \ge 0` for all neurons,

.. math:: \mu^2 E - G S^\top R R^\top S G^\top - \tfrac12 \sum_k c_k (a_k b_k^\top + b_k a_k^\top)
          \succeq 0, \qquad c \ge 0,

proves :math:`\|R^\top S (Xu)_+\| \le \mu \|u\|`, with :math:`w^\top E w = \|u\|^2` and
:math:`w^\top G = (Xu)_+^\top`. Any multipliers prove something, good ones more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.certificates.vector.cell_faces import CellFaces
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns.pattern_set import PatternSet

BISECTIONS = 60


@dataclass(frozen=True, slots=True, eq=False)
class PriceForm:
    """Hold what is known of the neurons of a region.

    Parameters
    ----------
    G : (s, N) float64
        Coefficients of the activations of every row.
    E : (s,) float64
        Diagonal of the form that is the squared norm of the neuron.
    a, b : (k, s) float64
        Factors of the products that are not negative.
    free : (k,) bool
        Of which products are zero: their multipliers may have either sign.
    reach : float
        Bound of the squared norm of w for a neuron of norm 1.
    """

    G: Float64[np.ndarray, "s N"]
    E: Float64[np.ndarray, " s"]
    a: Float64[np.ndarray, "k s"]
    b: Float64[np.ndarray, "k s"]
    free: Bool[np.ndarray, " k"]
    reach: float

    def price_bound(
        self, spread: Float64[np.ndarray, "N q"], c: Float64[np.ndarray, " k"]
    ) -> float:
        """Return an upper bound of every price of the region, rounding included.

        Parameters
        ----------
        spread : (N, q) float64
            The dual point, for every row that of its sample.
        c : (k,) float64
            Multipliers; those of the wrong sign count as zero, and so do all if that is better.
        """
        if not np.all(np.isfinite(c)):
            c = np.zeros_like(c)
        given = np.where(self.free, c, np.maximum(c, 0.0))
        return min(self._bound(spread, given), self._bound(spread, np.zeros_like(given)))

    def _bound(self, spread: Float64[np.ndarray, "N q"], c: Float64[np.ndarray, " k"]) -> float:
        gained = self.G @ spread
        products = (self.a * c[:, None]).T @ self.b
        form = gained @ gained.T + 0.5 * (products + products.T)
        sizes = np.linalg.norm(self.a, axis=1) * np.linalg.norm(self.b, axis=1)
        scale = float(np.linalg.norm(self.G)) ** 2 * float(np.linalg.norm(spread)) ** 2
        scale += float(np.abs(c) @ sizes)
        n_terms = self.G.shape[1] + self.a.shape[0] + 16 * self.E.size
        room = 4.0 * EPS * n_terms * scale

        def proven(square: float) -> float:
            off = float(np.linalg.eigvalsh(form - square * np.diag(self.E))[-1]) + room
            return float(square + max(off, 0.0) * self.reach)

        if np.all(self.E == 1.0):
            return float(np.sqrt(proven(0.0)))
        # convex in the square: the slope falls from -(reach - 1) to 1
        low, high = 0.0, proven(0.0)
        for _ in range(BISECTIONS):
            thirds = low + (high - low) / 3.0, high - (high - low) / 3.0
            if proven(thirds[0]) <= proven(thirds[1]):
                high = thirds[1]
            else:
                low = thirds[0]
        return float(np.sqrt(min(proven(low), proven(high), proven(0.0))))


def cell_forms(
    X: Float64[np.ndarray, "N d"], patterns: PatternSet, faces: CellFaces
) -> list[PriceForm]:
    """Return one form a cell: products of the sides of all pairs of hyperplanes that bound it.

    Those of other hyperplanes follow from these: a row that is not negative on a cone is a sum of
    multiples of its bounds (Farkas).
    """
    forms, d = [], X.shape[1]
    for cell in range(patterns.n_patterns):
        checkpoint()
        rows = faces.inner_rows(cell)
        first, second = np.triu_indices(len(rows), 1)
        active = patterns.unpack(np.array([cell]))[0]
        forms.append(
            PriceForm(
                G=(active[:, None] * X).T,
                E=np.ones(d),
                a=rows[first],
                b=rows[second],
                free=np.zeros(first.size, dtype=np.bool_),
                reach=1.0,
            )
        )
    return forms


def lifted_form(X: Float64[np.ndarray, "N d"]) -> PriceForm:
    """Return one form for all neurons, with their activations beside them.

    Of :math:`p = (Xu)_+` and :math:`m = (-Xu)_+ = p - Xu` no products are negative, and those of
    the two of one row are zero.
    """
    N, d = X.shape
    p = np.hstack([np.zeros((N, d)), np.eye(N)])
    m = np.hstack([-X, np.eye(N)])
    above = np.triu_indices(N, 1)
    every = np.meshgrid(np.arange(N), np.arange(N), indexing="ij")
    first, second = every[0].ravel(), every[1].ravel()
    spectral = float(np.linalg.norm(X, 2))
    return PriceForm(
        G=np.vstack([np.zeros((d, N)), np.eye(N)]),
        E=np.concatenate([np.ones(d), np.zeros(N)]),
        a=np.vstack([p[above[0]], m[above[0]], p[first]]),
        b=np.vstack([p[above[1]], m[above[1]], m[second]]),
        free=np.concatenate([np.zeros(2 * above[0].size, dtype=np.bool_), first == second]),
        reach=(1.0 + spectral**2) * (1.0 + 1e-9),
    )


def largest_price(
    forms: Sequence[PriceForm],
    spread: Float64[np.ndarray, "N q"],
    multipliers: Sequence[Float64[np.ndarray, " _"]],
) -> float:
    """Return an upper bound of the price over all regions."""
    return max(
        (form.price_bound(spread, c) for form, c in zip(forms, multipliers, strict=True)),
        default=0.0,
    )
