r"""A proven bound on the best neuron, from multipliers of the relations of the lifting.

Multipliers :math:`K` with :math:`\langle K, zz^\top\rangle \ge 0` for every lifted neuron
:math:`z = E x`, good or bad, bound the price of every neuron with :math:`\alpha = \|u\| = 1`:

.. math:: \pm\nu^\top (Xu)_+ = \langle G, zz^\top\rangle
          \le \beta + x^\top F x
          \le \beta + \lambda_{\max}(F) \|x\|^2, \qquad
          F = E^\top \bigl(K + G - \tfrac\beta2 J\bigr) E,

where :math:`G` holds half the gains at :math:`(\alpha, a_i)` and :math:`J` is the identity on
:math:`(\alpha, u)`, so that :math:`\tfrac\beta2\langle J, zz^\top\rangle = \beta`. The length
:math:`\|x\|^2 = \alpha^2 + \|u\|^2 + \|a\|^2` lies between 2 and :math:`2 + \|X\|_2^2`.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.all_patterns.lifted.layout import Lifting
from relaxgap.certificates.all_patterns.lifted.units import Units
from relaxgap.numerics.rounding import EPS


def region_price_bound(
    lifting: Lifting, nu: Float64[np.ndarray, " n"], multipliers: Float64[np.ndarray, "N N"]
) -> float:
    r"""Bound :math:`\max \pm\nu^\top (Xu)_+` over unit ``u`` of the region, in its units.

    Parameters
    ----------
    lifting : Lifting
        Of the region.
    nu : (n,) float64
        Dual point, in these units.
    multipliers : (N, N) float64
        Symmetric, of any quality. The rows of ``alpha`` and ``u`` are read against the columns
        of ``a`` and ``b`` only; entries that would not be multipliers are replaced.

    Notes
    -----
    Cost: one product and the eigenvalues of a matrix of the order of ``embedding``'s columns.
    """
    units, a = lifting.units, lifting.a
    relations = _admissible(lifting, multipliers)
    diagonal = np.arange(1 + lifting.rank)
    relations[diagonal, diagonal] = -0.5 * units.beta
    gains = 0.5 * lifting.gains(nu)
    relations[0, a] += gains
    relations[a, 0] += gains
    form = lifting.embedding.T @ relations @ lifting.embedding
    form = 0.5 * (form + form.T)
    # |embedding|, entry by entry, has a squared norm of at most 3 + 3 |rows|_F^2
    size = np.linalg.norm(relations) * (3.0 + 3.0 * np.linalg.norm(units.rows) ** 2)
    if not np.isfinite(size):
        return np.inf
    largest = float(np.linalg.eigvalsh(form)[-1]) + 8.0 * EPS * lifting.order * float(size)
    # |x|^2 is at least 2, at most 2 + |X|^2
    return units.beta + largest * (2.0 + units.squared_norm if largest > 0.0 else 2.0)


def _admissible(
    lifting: Lifting, multipliers: Float64[np.ndarray, "N N"]
) -> Float64[np.ndarray, "N N"]:
    r"""Return multipliers that are non-negative on every relation.

    Any number at :math:`(a_i, b_i)`, whose product is zero; a non-negative one at every other
    product of ``a`` and ``b``; and at the column of an :math:`a_i` or :math:`b_i` a vector
    :math:`(k_0, k)` with :math:`\|k\| \le k_0`, as
    :math:`k_0 \alpha a_i + k^\top u\, a_i \ge 0` then.
    """
    inner = 1 + lifting.rank
    products = np.zeros_like(multipliers)
    products[inner:, inner:] = np.maximum(multipliers[inner:, inner:], 0.0)
    both_ways = multipliers[lifting.free_a, lifting.free_b]
    products[lifting.free_a, lifting.free_b] = both_ways
    products[lifting.free_b, lifting.free_a] = both_ways
    across = multipliers[1:inner, inner:]
    lengths = np.linalg.norm(across, axis=0) * (1.0 + 8.0 * EPS * inner)
    products[1:inner, inner:] = across
    products[inner:, 1:inner] = across.T
    products[0, inner:] = products[inner:, 0] = np.maximum(multipliers[0, inner:], lengths)
    return products


def price_bound(
    units: Units, nu: Float64[np.ndarray, " n"], region_bounds: Float64[np.ndarray, " k"]
) -> float:
    r"""Turn price bounds of regions that cover all neurons into one, in the data's own units.

    Parameters
    ----------
    units : Units
        The data.
    nu : (n,) float64
        The dual point at the kept samples, in the data's units.
    region_bounds : (k,) float64
        What `region_price_bound` says of each region.

    Returns
    -------
    float
        At least :math:`\max_{\|u\| \le 1} |\nu^\top (Xu)_+|`, rounding included.
    """
    largest = max(float(region_bounds.max()), 0.0) * units.price_unit
    # the basis is orthonormal up to rounding
    stretched = largest * (1.0 + 32.0 * EPS * (units.basis.shape[1] + 8))
    return float(stretched + np.abs(nu) @ units.basis_residuals * (1.0 + 8.0 * EPS * nu.size))
