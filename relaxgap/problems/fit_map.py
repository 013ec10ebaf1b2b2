r"""The linear map :math:`w \mapsto \sum_i D_i X w_i` and its adjoint, never as a matrix."""

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.patterns.pattern_set import PatternSet

SAMPLES_AT_ONCE = 16384
"""A multiple of eight, so that packed bits are cut between bytes."""
PATTERNS_AT_ONCE = 16384
BITS_AT_ONCE = 1 << 24


def fit(
    X: Float64[np.ndarray, "n d"], patterns: PatternSet, w: Float64[np.ndarray, "P d"]
) -> Float64[np.ndarray, " n"]:
    r"""Return :math:`\sum_i D_i X w_i`; zero blocks cost nothing.

    Notes
    -----
    Cost: O(n d A) time and O(A) memory for A nonzero blocks, beside the fit.
    """
    active = np.flatnonzero(np.any(w != 0.0, axis=1))
    out = np.empty(X.shape[0])
    for samples in chunks(X.shape[0], SAMPLES_AT_ONCE):
        bits: Bool[np.ndarray, "A m"] = patterns.unpack_samples(active, samples)
        preactivations: Float64[np.ndarray, "A m"] = w[active] @ X[samples].T
        out[samples] = np.einsum("an,an->n", bits, preactivations)
    return out


def adjoint(
    X: Float64[np.ndarray, "n d"], patterns: PatternSet, nu: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "P d"]:
    r"""Return :math:`X^\top D_i \nu` for every pattern, one per row.

    Notes
    -----
    Cost: O(n d P) time; memory O(d P) for the result, and what one chunk takes.
    """
    out = np.zeros((patterns.n_patterns, X.shape[1]))
    patterns_at_once = max(1, BITS_AT_ONCE // min(max(X.shape[0], 1), SAMPLES_AT_ONCE))
    for samples in chunks(X.shape[0], SAMPLES_AT_ONCE):
        weighted = nu[samples, None] * X[samples]
        for rows in chunks(patterns.n_patterns, min(patterns_at_once, PATTERNS_AT_ONCE)):
            out[rows] += patterns.unpack_samples(rows, samples) @ weighted
    return out


def chunks(size: int, at_once: int) -> list[slice]:
    """Split an axis so that temporaries stay small."""
    return [slice(start, min(start + at_once, size)) for start in range(0, size, at_once)]
