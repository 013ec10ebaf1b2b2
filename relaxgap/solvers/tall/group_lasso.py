r"""A group lasso whose data are a Gram matrix: no row is read.

.. math:: \min_w \tfrac12 w^\top G w - b^\top w + \beta \sum_i \|w_i\|
"""

import numpy as np
from jaxtyping import Float, Float32, Float64

from relaxgap.numerics.clock import checkpoint

POWER_STEPS = 12
SAFETY = 1.02
"""Times the estimate of the largest eigenvalue, which the power method approaches from below."""
SECULAR_STEPS = 30
SHORTEST = 1e-8
"""Part of a Newton step below which none is taken."""
SETTLED = 1e-9
"""Slope on the support, over ``beta``, at which it is settled."""

Spectra = tuple[
    Float64[np.ndarray, "k d d"], Float64[np.ndarray, "k d"], Float64[np.ndarray, "k d d"]
]
"""The diagonal blocks of a Gram matrix, their eigenvalues and their eigenvectors."""


def accelerated(
    G: Float32[np.ndarray, "m m"],
    b: Float64[np.ndarray, "k d"],
    beta: float,
    w: Float64[np.ndarray, "k d"],
    tolerance: float,
    max_steps: int,
) -> Float64[np.ndarray, "k d"]:
    """Take proximal gradient steps with momentum until no price is above ``beta`` by a fraction.

    References
    ----------
    Beck & Teboulle (2009), FISTA; O'Donoghue & Candes (2015), the restart.
    """

    def times(v: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, "k d"]:
        return np.asarray((G @ v.ravel().astype(np.float32)).reshape(v.shape), dtype=np.float64)

    largest = 0.0
    v = np.random.default_rng(0).standard_normal(w.shape)
    for _ in range(POWER_STEPS):
        v = times(v)
        largest = float(np.linalg.norm(v))
        if largest == 0.0:
            return np.zeros_like(w)
        v /= largest
    step = 1.0 / (SAFETY * largest)
    at, momentum = w, 1.0
    Gw = times(w)
    G_at = Gw
    for done in range(max_steps):
        checkpoint()
        if done % 10 == 0 and _norms(b - Gw).max() <= beta * (1.0 + tolerance):
            break
        moved = at - step * (G_at - b)
        shrunk = np.maximum(1.0 - step * beta / np.maximum(_norms(moved), 1e-300), 0.0)
        new = shrunk[:, None] * moved
        G_new = times(new)
        if np.sum((at - new) * (new - w)) > 0.0:
            momentum = 1.0
        after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        share = (momentum - 1.0) / after
        at, G_at = new + share * (new - w), G_new + share * (G_new - Gw)
        w, Gw, momentum = new, G_new, after
    return w


def swept(
    G: Float32[np.ndarray, "m m"],
    b: Float64[np.ndarray, "k d"],
    beta: float,
    w: Float64[np.ndarray, "k d"],
    n_sweeps: int,
) -> Float64[np.ndarray, "k d"]:
    """Minimise over one block after another, exactly; idle blocks are passed by for nothing."""
    return _swept(G, b, beta, w, n_sweeps, _own_spectra(G, *w.shape))


def _own_spectra(G: Float32[np.ndarray, "m m"], k: int, d: int) -> Spectra:
    blocks = G.reshape(k, d, k * d)
    own = np.stack([blocks[i, :, i * d : (i + 1) * d] for i in range(k)]).astype(np.float64)
    return own, *np.linalg.eigh(own)


def _swept(
    G: Float32[np.ndarray, "m m"],
    b: Float64[np.ndarray, "k d"],
    beta: float,
    w: Float64[np.ndarray, "k d"],
    n_sweeps: int,
    spectra: Spectra,
) -> Float64[np.ndarray, "k d"]:
    k, d = w.shape
    own, values, vectors = spectra
    w, blocks = w.copy(), G.reshape(k, d, k * d)
    slope = b - (G @ w.ravel().astype(np.float32)).reshape(k, d)
    for _ in range(n_sweeps):
        for i in range(k):
            checkpoint()
            linear = slope[i] + own[i] @ w[i]
            if np.linalg.norm(linear) <= beta:
                if not np.any(w[i]):
                    continue
                new = np.zeros(d)
            else:
                new = vectors[i] @ _secular(values[i], linear @ vectors[i], beta)
            change = new - w[i]
            slope -= (change.astype(np.float32) @ blocks[i]).reshape(k, d)
            w[i] = new
    return w


def settled(
    G: Float32[np.ndarray, "m m"],
    b: Float64[np.ndarray, "k d"],
    beta: float,
    w: Float64[np.ndarray, "k d"],
    n_steps: int,
) -> Float64[np.ndarray, "k d"]:
    """Alternate sweeps with Newton steps on the support, each up to where a block vanishes.

    Where blocks can trade their lengths at almost the same fit, a Newton step is longer than any
    block: one leaves after another.
    """
    d = w.shape[1]
    exact, spectra = G.astype(np.float64), _own_spectra(G, *w.shape)
    for _ in range(n_steps):
        checkpoint()
        w = _swept(G, b, beta, w, 1, spectra)
        support = np.flatnonzero(np.any(w != 0.0, axis=1))
        if support.size == 0:
            break
        lengths = _norms(w[support])
        units = w[support] / lengths[:, None]
        places = (support[:, None] * d + np.arange(d)).ravel()
        among = exact[np.ix_(places, places)]
        slope = b[support] - (among @ w[support].ravel()).reshape(units.shape)
        bent = among.copy()
        add_bend(bent, units, beta / lengths)
        bent[np.diag_indices_from(bent)] += 1e-13 * np.trace(bent) / len(bent)
        step = np.linalg.solve(bent, (slope - beta * units).ravel()).reshape(units.shape)
        turning = np.sum(step * units, axis=1)
        ends = np.where(turning < 0.0, lengths / np.maximum(-turning, 1e-300), np.inf)
        t = min(1.0, float(ends.min()))
        falls, curvature = float(np.sum(slope * step)), float(step.ravel() @ among @ step.ravel())
        while t > SHORTEST:
            moved = w[support] + t * step
            moved[ends <= t * (1.0 + 1e-12)] = 0.0
            rise = 0.5 * t * t * curvature - t * falls
            if rise + beta * float(_norms(moved).sum() - lengths.sum()) < 0.0:
                w = w.copy()
                w[support] = moved
                break
            t *= 0.5
        if np.linalg.norm(slope - beta * units, axis=1).max() <= SETTLED * beta:
            break
    return w


def add_bend(
    H: Float[np.ndarray, "m m"],
    units: Float64[np.ndarray, "k d"],
    bend: Float64[np.ndarray, " k"],
) -> None:
    r"""Add the Hessian of the lengths to a Gram matrix, in place.

    Its blocks are :math:`\beta (I - h_i h_i^\top) / \|w_i\|`, with :math:`h_i = w_i / \|w_i\|` in
    ``units`` and :math:`\beta / \|w_i\|` in ``bend``.
    """
    k, d = units.shape
    across = np.eye(d) - units[:, :, None] * units[:, None, :]
    each = np.arange(k)
    H.reshape(k, d, k, d)[each, :, each, :] += (bend[:, None, None] * across).astype(H.dtype)


def _secular(
    values: Float64[np.ndarray, " d"], c: Float64[np.ndarray, " d"], beta: float
) -> Float64[np.ndarray, " d"]:
    r"""Minimise :math:`\tfrac12 v^\top \Lambda v - c^\top v + \beta \|v\|` for a long c.

    That is one of norm over ``beta``. The norm t of the minimiser solves
    :math:`\sum_k c_k^2 / (\lambda_k t + \beta)^2 = 1`; Newton's method on one over the root of
    the left side converges from t = 0 from below, as it is concave there.
    """
    values = np.maximum(values, 0.0)
    t = 0.0
    for _ in range(SECULAR_STEPS):
        parts = c / (values * t + beta)
        total = float(parts @ parts)
        fall = float(parts**2 @ (values / (values * t + beta)))
        if fall == 0.0:
            break
        step = total * (np.sqrt(total) - 1.0) / fall
        t += step
        if abs(step) <= 1e-12 * t:
            break
    return np.asarray(t * c / (values * t + beta))


def _norms(v: Float64[np.ndarray, "k d"]) -> Float64[np.ndarray, " k"]:
    return np.asarray(np.linalg.norm(v, axis=1))
