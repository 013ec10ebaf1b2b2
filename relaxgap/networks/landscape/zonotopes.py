r"""The smallest element of a zonotope :math:`\{c - \sum_k t_k r_k u_k : t_k \in [0, 1]\}`."""

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import lsq_linear

from relaxgap.numerics.rows import row_lengths

# Below it the Gram matrix of a few unit columns loses more than half of the digits.
_MIN_EIGENVALUE = 1e-8
_ROUNDING = 1e-13
# Far beyond any least squares solution, and its squares are finite.
_UNBOUNDED = 1e100
_STEPS_TOGETHER = 8


def smallest_elements(
    offsets: Float64[np.ndarray, "N d"],
    reaches: Float64[np.ndarray, "N K"],
    units: Float64[np.ndarray, "K d"],
) -> Float64[np.ndarray, "N d"]:
    r"""Return for each of ``N`` zonotopes its element of smallest Euclidean norm.

    Parameters
    ----------
    offsets : (N, d) float64
        The elements :math:`c` at :math:`t = 0`.
    reaches : (N, K) float64
        The factors :math:`r`, of any sign; most of them may be zero.
    units : (K, d) float64
        The common unit directions :math:`u_k`.

    Returns
    -------
    (N, d) float64
        Elements of the zonotopes whatever the rounding.

    Notes
    -----
    Each is a least squares problem in a box. Block pivoting on the Gram matrix solves those of
    independent directions together, and what its optimality check refuses goes to an active set
    method, as dependent directions do: O(k^3) for k nonzero reaches.

    References
    ----------
    Júdice & Pires (1994), block principal pivoting, for bounds on both sides.
    """
    smallest = offsets.copy()
    sizes = row_lengths(offsets)
    # relative to weights that diverged a reach may underflow, to tiny ones it may overflow
    with np.errstate(over="ignore"):
        upper = np.divide(
            np.abs(reaches), sizes[:, None], out=np.zeros_like(reaches), where=sizes[:, None] > 0.0
        )
    upper = np.minimum(upper, _UNBOUNDED)
    counts = np.count_nonzero(upper, axis=1)
    together = np.flatnonzero((counts > 0) & (counts <= offsets.shape[1]))
    left = counts > offsets.shape[1]
    if together.size:
        width = int(counts[together].max())
        chosen = np.argsort(upper[together] == 0.0, axis=1, kind="stable")[:, :width]
        signs = np.sign(np.take_along_axis(reaches[together], chosen, axis=1))
        # beyond its own a row has columns of zeros between bounds of zero
        columns = signs[:, :, None] * units[chosen]
        limits = np.take_along_axis(upper[together], chosen, axis=1)
        targets = offsets[together] / sizes[together, None]
        t = _pivoted(targets, columns, limits)
        smallest[together] -= sizes[together, None] * np.einsum("nk,nkd->nd", t, columns)
        left[together] = ~_is_optimal(t, targets, columns, limits)
    for j in np.flatnonzero(left):
        own = upper[j] > 0.0
        columns = np.sign(reaches[j, own])[:, None] * units[own]
        t = _active_set(offsets[j] / sizes[j], columns, upper[j, own])
        smallest[j] = offsets[j] - sizes[j] * (t @ columns)
    return smallest


def _pivoted(
    targets: Float64[np.ndarray, "N d"],
    columns: Float64[np.ndarray, "N k d"],
    upper: Float64[np.ndarray, "N k"],
) -> Float64[np.ndarray, "N k"]:
    r"""Minimise :math:`\|b - \sum_k t_k a_k\|` over :math:`0 \le t \le u` by block pivoting.

    Guess the active bounds, solve for the other variables, and let every variable whose guess was
    wrong change sides; after a few steps only the first of them, which cannot cycle. What is
    returned is in the box, and NaN where the Gram matrix is nearly singular.
    """
    gram = columns @ columns.transpose(0, 2, 1) + (upper == 0.0)[:, :, None] * _identity(upper)
    products = np.einsum("nkd,nd->nk", columns, targets)
    t = np.full_like(upper, np.nan)
    open_ = np.flatnonzero(np.linalg.eigvalsh(gram)[:, 0] > _MIN_EIGENVALUE)
    free = np.ones(upper.shape, dtype=bool)
    held = np.zeros_like(upper)
    for step in range(_STEPS_TOGETHER + 5 * upper.shape[1]):
        if open_.size == 0:
            break
        G, b, u, F, h = gram[open_], products[open_], upper[open_], free[open_], held[open_]
        matrix = np.where(F[:, :, None] & F[:, None, :], G, _identity(upper))
        pull = np.where(F, b - np.einsum("nkl,nl->nk", G, h), h)
        found = np.linalg.solve(matrix, pull[:, :, None])[:, :, 0]
        slope = np.einsum("nkl,nl->nk", G, found) - b
        below, above = F & (found < 0.0), F & (found > u)
        inward = ~F & (np.where(h > 0.0, slope, -slope) > _ROUNDING)
        wrong = below | above | inward
        t[open_] = found
        if step >= _STEPS_TOGETHER:
            wrong &= np.cumsum(wrong, axis=1) == 1
        free[open_] = F ^ wrong
        held[open_] = np.where(wrong, np.where(above, u, 0.0), h)
        open_ = open_[np.any(wrong, axis=1)]
    return np.asarray(np.clip(t, 0.0, upper))


def _active_set(
    target: Float64[np.ndarray, " d"],
    columns: Float64[np.ndarray, "k d"],
    upper: Float64[np.ndarray, " k"],
) -> Float64[np.ndarray, " k"]:
    """Solve one problem whose columns may be dependent."""
    found = lsq_linear(columns.T, target, (0.0, upper), "bvls", tol=1e-14, max_iter=10 * upper.size)
    return np.asarray(np.clip(found.x, 0.0, upper))


def _is_optimal(
    t: Float64[np.ndarray, "N k"],
    targets: Float64[np.ndarray, "N d"],
    columns: Float64[np.ndarray, "N k d"],
    upper: Float64[np.ndarray, "N k"],
) -> Bool[np.ndarray, " N"]:
    """Say where a step against the gradient, back into the box, moves nothing but rounding."""
    rest = targets - np.einsum("nk,nkd->nd", t, columns)
    stepped = np.clip(t + np.einsum("nkd,nd->nk", columns, rest), 0.0, upper)
    largest = np.max(np.abs(stepped - t), axis=1)
    return np.asarray(largest <= _ROUNDING * (1.0 + np.max(t, axis=1)) * t.shape[1])


def _identity(upper: Float64[np.ndarray, "N k"]) -> Float64[np.ndarray, "k k"]:
    return np.eye(upper.shape[1])
