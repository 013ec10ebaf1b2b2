"""Patterns of Gaussian gates: the relaxation's random subset of the arrangement."""

import numpy as np
from jaxtyping import Float64

from relaxgap.patterns.pattern_set import PatternSet, pattern_set_from_gates


def sample_patterns(
    X: Float64[np.ndarray, "n d"], n_gates: int, rng: np.random.Generator
) -> PatternSet:
    """Draw Gaussian gates and keep the first occurrence of each of their patterns.

    Gates are drawn row by row, so with a generator in the same state a larger sample starts with
    the smaller one.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix, one point per row.
    n_gates : int
        Number of gates drawn from N(0, I_d); at most this many patterns are kept.
    rng : Generator
        Source of the gates, advanced by ``n_gates * d`` normal draws.

    Returns
    -------
    PatternSet
        Distinct patterns in order of first appearance; it never claims to be complete.

    Raises
    ------
    ValueError
        If ``n_gates`` is less than one.
    """
    if n_gates < 1:
        raise ValueError(
            f"Expected at least one gate, got n_gates={n_gates}; draw one gate or more."
        )
    return pattern_set_from_gates(X, rng.standard_normal((n_gates, X.shape[1])))
