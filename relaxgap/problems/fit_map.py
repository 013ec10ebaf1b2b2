r"""The linear map :math:`w \mapsto \sum_i D_i X w_i` and its adjoint, never as a matrix."""

import numpy as np
from jaxtyping import Bool, Float64

from relaxgap.patterns.pattern_set import PatternSet


def fit(
    X: Float64[np.ndarray, "n d"], patterns: PatternSet, w: Float64[np.ndarray, "P d"]
) -> Float64[np.ndarray, " n"]:
    r"""Return :math:`\sum_i D_i X w_i`; zero blocks cost nothing.

    Notes
    -----
    Cost: O(n d A) time and O(n A) memory for A nonzero blocks.
    """
    active = np.flatnonzero(np.any(w != 0.0, axis=1))
    bits: Bool[np.ndarray, "A n"] = patterns.unpack(active)
    preactivations: Float64[np.ndarray, "A n"] = w[active] @ X.T
    return np.asarray(np.einsum("an,an->n", bits, preactivations))


def adjoint(
    X: Float64[np.ndarray, "n d"], patterns: PatternSet, nu: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "P d"]:
    r"""Return :math:`X^\top D_i \nu` for every pattern, one per row.

    Notes
    -----
    Cost: O(n d P) time; memory O(d P) for the result and O(n) per pattern of one chunk.
    """
    out = np.empty((patterns.n_patterns, X.shape[1]))
    weighted = nu[:, None] * X
    for rows in chunks(patterns.n_patterns):
        out[rows] = patterns.unpack(rows) @ weighted
    return out


def chunks(n_patterns: int, size: int = 16384) -> list[slice]:
    """Split the pattern axis so that temporaries of ``O(n)`` a pattern stay small."""
    return [slice(start, min(start + size, n_patterns)) for start in range(0, n_patterns, size)]
