r"""A bound of the dual constraint over all directions at once, from one eigenvalue condition.

For unit rows :math:`x_i`, any slopes :math:`e_i` and any weights :math:`\lambda_i > 0`,

.. math:: \nu_i (z)_+ \le e_i z + \kappa_i |z| \le e_i z + \lambda_i z^2
          + \frac{\kappa_i^2}{4 \lambda_i}, \qquad \kappa_i = \max(0, e_i, \nu_i - e_i).

Summed at :math:`z = x_i^\top u`, with :math:`M = I - X^\top \Lambda X` positive definite and the
right hand side scaled by its best factor,

.. math:: \max_{\|u\| \le 1} \nu^\top (Xu)_+
          \le 2 \sqrt{\tfrac14 e^\top X M^{-1} X^\top e + \sum_i \kappa_i^2 / (4 \lambda_i)} .

The least such bound is Shor's relaxation of the left side. *Every* weight and slope gives a bound,
so an inexact solve weakens it and never falsifies it. A sample with :math:`\nu_i \le 0` needs no
weight, and the best slope of one with :math:`\nu_i > 0` is :math:`\nu_i / 2`.

References
----------
Shor (1987), Quadratic optimization problems; Rump (2006), Verification of positive definiteness.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cho_solve

from relaxgap.certificates.all_patterns.spectral.rows import binary_rows
from relaxgap.numerics.rounding import rounding_bound

SHRINKAGES = (1.0, 1.0 - 1e-9, 1.0 - 1e-6, 1.0 - 1e-3, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class SpectralMultipliers:
    r"""Hold what proves a spectral bound; any values do.

    Parameters
    ----------
    weights : (n,) float64
        :math:`\lambda_i` of the rows scaled to norm 1.
    slopes : (n,) float64
        :math:`e_i` of the rows as they are. A sample whose slope needs a weight and has none is
        bounded by :math:`\max(0, \nu_i) \|x_i\|` instead.
    """

    weights: Float64[np.ndarray, " n"]
    slopes: Float64[np.ndarray, " n"]


def spectral_price_bound(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    multipliers: SpectralMultipliers,
) -> float:
    r"""Bound :math:`\max_{\|u\| \le 1} \nu^\top (Xu)_+` by given multipliers, good or bad.

    Notes
    -----
    Cost: a few Cholesky factorisations of size min(n, d) and one product of O(n d min(n, d)).
    Rounding is bounded: of the matrix and its factorisation by Rump's shift, of the quadratic term
    by :math:`c^\top M^{-1} c \le 2 c^\top p - p^\top M p + \|c - Mp\|^2 / \mu`, which holds for
    every :math:`p` once :math:`M \succeq \mu I` is proven.
    """
    if not (np.all(np.isfinite(X)) and np.all(np.isfinite(nu))):
        return inf
    kept, rows, powers = binary_rows(X)
    fractions, exponents = np.frexp(nu[kept])
    if not np.any(fractions > 0.0):
        return 0.0
    # the products of nu and the rows stay, up to the power of two of the largest positive one
    exponent = int((exponents + powers)[fractions > 0.0].max())
    with np.errstate(all="ignore"):
        nu = np.ldexp(fractions, np.where(fractions != 0.0, exponents + powers - exponent, 0))
        slopes = np.ldexp(multipliers.slopes[kept], powers - exponent)
        lengths = np.linalg.norm(rows, axis=1)
        weights = multipliers.weights[kept] / lengths**2
        moduli = np.maximum(np.maximum(slopes, nu - slopes), 0.0)
        usable = (weights > 0.0) & np.isfinite(weights) & np.isfinite(moduli)
        plain = (moduli != 0.0) & ~usable
        slopes, moduli = np.where(plain, 0.0, slopes), np.where(plain, 0.0, moduli)
        bound = _bound_in_units(rows, lengths, np.where(moduli > 0.0, weights, 0.0), slopes, moduli)
        bound += float(np.maximum(nu[plain], 0.0) @ lengths[plain])
    trivial = float(np.maximum(nu, 0.0) @ lengths)
    if not bound < trivial:
        bound = trivial
    # the last term also covers entries that underflowed when they were scaled
    bound += float(rounding_bound(nu.size + 8, X.shape[1], trivial))
    with np.errstate(over="ignore", under="ignore"):
        return float(np.nextafter(np.ldexp(bound, exponent), inf))


def _bound_in_units(
    rows: Float64[np.ndarray, "n d"],
    lengths: Float64[np.ndarray, " n"],
    weights: Float64[np.ndarray, " n"],
    slopes: Float64[np.ndarray, " n"],
    moduli: Float64[np.ndarray, " n"],
) -> float:
    """Return the bound for rows of moderate length, with the rounding of its own evaluation."""
    n, d = rows.shape
    weights, smallest, factor = _contracting(rows, weights)
    heavy = weights > 0.0
    if np.any(moduli[~heavy] > 0.0):
        return inf
    residues = moduli[heavy] / (2.0 * np.sqrt(weights[heavy]))
    separate = float(residues @ residues)
    slope = slopes @ rows
    if d <= factor.shape[0]:
        direction = cho_solve((factor, True), slope, check_finite=False)
    else:
        scaled = np.sqrt(weights[heavy])[:, None] * rows[heavy]
        solved = cho_solve((factor, True), scaled @ slope, check_finite=False)
        direction = slope + solved @ scaled
    products = rows @ direction
    size = float(np.linalg.norm(direction))
    curved = weights * products
    quadratic = 2.0 * float(slopes @ products) - size**2 + float(curved @ products)
    residual = float(np.linalg.norm((slopes + curved) @ rows - direction))
    pulled = float(np.abs(slopes) @ lengths) + size
    bent = float(weights @ lengths**2) * size
    residual += float(rounding_bound(n + 8, 2 * d, pulled + bent))
    quadratic += float(rounding_bound(n + 8, 2 * d, 2.0 * size * (pulled + bent)))
    joint = 0.25 * (max(quadratic, 0.0) + residual**2 / smallest)
    value = joint + separate * (1.0 + float(rounding_bound(n + 8, 0, 1.0)))
    return 2.0 * float(np.sqrt(value)) * (1.0 + float(rounding_bound(8, 0, 1.0)))


def _contracting(
    rows: Float64[np.ndarray, "n d"], weights: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], float, Float64[np.ndarray, "k k"]]:
    r"""Shrink the weights until :math:`I - X^\top \Lambda X` is proven positive definite.

    Returns the weights, a lower bound of the least eigenvalue and the Cholesky factor of the
    matrix, or of :math:`I - \Lambda^{1/2} X X^\top \Lambda^{1/2}`, whose other eigenvalues are
    the same, over the rows of positive weight if that is smaller.
    """
    heavy = np.flatnonzero(weights > 0.0)
    norm = float(np.sum((np.sqrt(weights[heavy])[:, None] * rows[heavy]) ** 2))
    for shrinkage in (*SHRINKAGES, 0.25 / norm if norm > 0.0 else 1.0):
        shrunk = shrinkage * weights
        scaled = np.sqrt(shrunk[heavy])[:, None] * rows[heavy]
        gram = scaled.T @ scaled if scaled.shape[1] <= heavy.size else scaled @ scaled.T
        k = gram.shape[0]
        size = 1.0 + k + float(np.vdot(scaled, scaled))
        margin = float(rounding_bound(sum(scaled.shape) + 8, k, size))
        try:
            factor = np.linalg.cholesky((1.0 - 2.0 * margin) * np.eye(k) - gram)
        except np.linalg.LinAlgError:
            continue
        return shrunk, margin, factor
    return np.zeros_like(weights), 1.0, np.eye(rows.shape[1])
