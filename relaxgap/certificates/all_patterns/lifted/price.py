r"""A proven bound on the best neuron, from multipliers of the relations of the lifting.

Multipliers :math:`K` with :math:`\langle K, zz^\top\rangle \ge 0` for every lifted neuron
:math:`z`, good or bad, bound the price of every neuron with :math:`\alpha = \|u\| = 1`:

.. math:: \pm\nu^\top (Xu)_+ = \langle G, zz^\top\rangle \le \beta + z^\top T z, \qquad
          T = K + G - \tfrac\beta2 J,

where :math:`G` holds half the gains at :math:`(\alpha, a_i)` and :math:`J` is the identity on
:math:`v = (\alpha, u)`, so that :math:`\tfrac\beta2\langle J, zz^\top\rangle = \beta`. A neuron is
linear in :math:`v` and :math:`p = (a + b) / 2` at the undecided samples, and
:math:`\|p\| = \|Hu\|` with half their rows :math:`H`: for any :math:`\mu` above the eigenvalues of
:math:`T_{pp}`, maximising over :math:`p`,

.. math:: z^\top T z \le 2 \lambda_{\max}\bigl(T_{vv} + \mu H^\top H
          + T_{vp} (\mu I - T_{pp})^{-1} T_{pv}\bigr) .

What is reported is proven by one Cholesky factor, whatever chose :math:`\mu` and the eigenvalue.
"""

import numpy as np
from jaxtyping import Float64
from scipy.linalg import eigh

from relaxgap.certificates.all_patterns.lifted.layout import Lifting
from relaxgap.certificates.all_patterns.lifted.units import Units
from relaxgap.numerics.rounding import EPS, TINY

MAX_SIZE = 1e60
"""Of the form, in units where labels are 1: a larger one is of no use and might overflow."""
MAX_SHIFTS = 12
r"""Shifts :math:`\mu` to look at, each the eigenvalue of a matrix of the order of ``v``."""
SETTLED = 0.02
"""Change of a shift, against its distance from the pole, that is not worth another one."""


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
    Cost: the eigenvalues of a matrix of the undecided samples, and up to `MAX_SHIFTS` of the order
    of ``v``.
    """
    units, a, inner = lifting.units, lifting.a, 1 + lifting.rank
    relations = _admissible(lifting, multipliers)
    diagonal = np.arange(inner)
    relations[diagonal, diagonal] = -0.5 * units.beta
    gains = 0.5 * lifting.gains(nu)
    relations[0, a] += gains
    relations[a, 0] += gains
    form = _form(lifting, relations)
    # |z| as a function of |(v, p)|, entry by entry, has a squared norm of at most 3 + 3 |rows|_F^2
    squares = float(np.linalg.norm(units.rows)) ** 2
    size = float(np.linalg.norm(relations)) * (3.0 + 3.0 * squares)
    if not size < MAX_SIZE:
        return np.inf
    shift, largest = _best_shift(form, lifting.halves)
    slack = -form
    slack[diagonal, diagonal] += largest
    slack[1:inner, 1:inner] -= shift * (lifting.halves.T @ lifting.halves)
    rest = np.arange(inner, slack.shape[0])
    slack[rest, rest] += shift
    # the product of the rows rounds entry by entry too
    size += (abs(largest) + abs(shift)) * (1.0 + squares)
    if not np.isfinite(size):
        return np.inf
    negative = _most_negative(slack, 16.0 * EPS * (lifting.order + 8) * size)
    # |(v, p)|^2 = 2 + |Hu|^2
    return units.beta + 2.0 * largest + negative * (2.0 + 0.25 * units.squared_norm)


def _form(lifting: Lifting, T: Float64[np.ndarray, "N N"]) -> Float64[np.ndarray, "k k"]:
    """Return the quadratic form of the lifted neuron as one of ``(alpha, u, p)``."""
    inner, f = 1 + lifting.rank, lifting.n_undecided
    outer = inner + lifting.decided.shape[0]
    sums = T[:, lifting.free_a] + T[:, lifting.free_b]
    differences = T[:, lifting.free_a] - T[:, lifting.free_b]
    # columns of (alpha, u), then those of p
    columns = np.empty((T.shape[0], inner + f))
    columns[:, :inner] = T[:, :inner]
    columns[:, 1:inner] += T[:, inner:outer] @ lifting.decided + differences @ lifting.halves
    columns[:, inner:] = sums
    form = np.empty((inner + f, inner + f))
    free_a, free_b = columns[lifting.free_a], columns[lifting.free_b]
    form[:inner] = columns[:inner]
    form[1:inner] += lifting.decided.T @ columns[inner:outer]
    form[1:inner] += lifting.halves.T @ (free_a - free_b)
    form[inner:] = free_a + free_b
    return 0.5 * (form + form.T)


def _best_shift(
    form: Float64[np.ndarray, "k k"], halves: Float64[np.ndarray, "f r"]
) -> tuple[float, float]:
    """Return a shift of ``p`` and the eigenvalue it leaves, which is convex in the shift.

    Any two numbers prove a price; these are near the best.
    """
    inner = form.shape[0] - halves.shape[0]
    top, across = form[:inner, :inner], form[:inner, inner:]
    if halves.shape[0] == 0:
        return 0.0, largest_eigenpair(top)[0]
    values, vectors = np.linalg.eigh(form[inner:, inner:])
    across = across @ vectors
    squared = np.zeros((inner, inner))
    squared[1:, 1:] = halves.T @ halves
    pole = float(values[-1])
    # at the optimum of the relaxation no shift is needed
    size = float(np.abs(form).max())
    # nearer to the pole nothing but rounding is left
    nearest = max(EPS * size, TINY)
    distance = max(-pole, 1e-3 * size, nearest)
    lower, upper = 0.0, np.inf
    best = (np.inf, 0.0)
    for _ in range(MAX_SHIFTS):
        inverse = 1.0 / (pole - values + distance)
        schur = top + (pole + distance) * squared + (across * inverse) @ across.T
        value, axis = largest_eigenpair(schur)
        best = min(best, (value, pole + distance))
        grows = float(axis @ squared @ axis)
        falls = float(np.sum((axis @ across * inverse) ** 2))
        if grows > falls:
            upper = distance
        else:
            lower = distance
        # the pull falls about as the squared distance from the pole
        following = distance * float(np.sqrt(falls / grows)) if grows > 0.0 else np.inf
        if not lower < following < upper:
            following = 0.5 * (lower + upper) if np.isfinite(upper) else 4.0 * distance
        following = max(following, nearest)
        if abs(following - distance) <= SETTLED * distance:
            break
        distance = following
    return best[1], best[0]


def largest_eigenpair(
    matrix: Float64[np.ndarray, "k k"],
) -> tuple[float, Float64[np.ndarray, " k"]]:
    """Return the largest eigenvalue of a symmetric matrix and a unit eigenvector."""
    last = matrix.shape[0] - 1
    # LAPACK finds none, or says so, where nearly all are the same: of orthonormal columns
    try:
        values, vectors = eigh(matrix, subset_by_index=(last, last), check_finite=False)
    except np.linalg.LinAlgError:
        values = np.empty(0)
    if values.size == 0:
        values, vectors = np.linalg.eigh(matrix)
    return float(values[-1]), np.asarray(vectors[:, -1])


def _most_negative(matrix: Float64[np.ndarray, "k k"], rounding: float) -> float:
    """Bound how far below zero a matrix has eigenvalues that is known up to a rounding."""
    k = int(matrix.shape[0])
    shifted = matrix + rounding * np.eye(k)
    # a factor of a neighbour that is this near (Demmel; Higham 2002, Theorem 10.3)
    margin = 2.0 * rounding + 2.0 * EPS * (k + 2) * float(np.abs(np.diagonal(shifted)).sum())
    try:
        np.linalg.cholesky(shifted)
    except np.linalg.LinAlgError:
        return margin + max(0.0, -float(np.linalg.eigvalsh(matrix)[0]))
    return margin


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
    free_a, free_b = lifting.pairs
    products[free_a, free_b] = products[free_b, free_a] = multipliers[free_a, free_b]
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
