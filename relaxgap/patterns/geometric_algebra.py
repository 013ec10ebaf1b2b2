"""Patterns of gates that are generalised cross products of rows, whole or of sketched ones."""

import numpy as np
from jaxtyping import Float64

from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.pattern_set import PatternSet, pattern_set_from_gates

TIED = 1e-9
"""Cosine between a row and a gate below which the row lies on the gate's hyperplane."""


def sample_geometric_algebra_patterns(
    X: Float64[np.ndarray, "n d"],
    n_gates: int,
    rng: np.random.Generator,
    sketch_dimension: int | None = None,
) -> PatternSet:
    r"""Draw gates orthogonal to random rows and keep the first occurrence of each pattern.

    A gate is the generalised cross product of :math:`d - 1` random rows, of either sign: the
    direction that all of them are orthogonal to, which is where one column's best neurons are.
    These rows are active, as the tie rule has it: the gate returned is moved off them as little as
    no other row's activation notices.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix, one point per row.
    n_gates : int
        Number of gates drawn; at most this many patterns are kept.
    rng : Generator
        Source of the gates: a larger sample starts with the smaller one.
    sketch_dimension : int, optional
        Columns of a sparse sketch (each feature is added to one of them, with a random sign), in
        which the cross products are of so many rows less one. At least d is no sketch.

    Returns
    -------
    PatternSet
        Distinct patterns in order of first appearance; it never claims to be complete.

    Raises
    ------
    ValueError
        If ``n_gates`` or ``sketch_dimension`` is less than one.

    Notes
    -----
    Cost: O(n s + s^3) for each gate, s the dimension of the cross products.

    References
    ----------
    Wang, Kim, Chu, Subramaniam & Pilanci (2024), Randomized Geometric Algebra Methods for Convex
    Neural Networks, arXiv 2406.02806, whose gates' bias is moved as the gate is here.
    """
    if n_gates < 1:
        raise ValueError(
            f"Expected at least one gate, got n_gates={n_gates}; draw one gate or more."
        )
    d = X.shape[1]
    if sketch_dimension is not None and sketch_dimension < 1:
        raise ValueError(
            f"Expected a sketch of at least one column, got {sketch_dimension}; take more, or none."
        )
    if sketch_dimension is None or sketch_dimension >= d:
        gates = [_cross_product(X, rng) for _ in range(n_gates)]
        return pattern_set_from_gates(X, np.array(gates))
    sketch = _sparse_sketch(d, sketch_dimension, rng)
    sketched = X @ sketch
    gates = [sketch @ _cross_product(sketched, rng) for _ in range(n_gates)]
    return pattern_set_from_gates(X, np.array(gates))


def _sparse_sketch(d: int, columns: int, rng: np.random.Generator) -> Float64[np.ndarray, "d s"]:
    sketch = np.zeros((d, columns))
    # every column is filled equally often
    sketch[np.arange(d), rng.permutation(d) % columns] = rng.choice([-1.0, 1.0], d)
    return sketch


def _cross_product(
    X: Float64[np.ndarray, "n d"], rng: np.random.Generator
) -> Float64[np.ndarray, " d"]:
    """Return a gate orthogonal to random rows, moved to where these are active."""
    n, d = X.shape
    rows = X[rng.choice(n, min(n, d) - 1, replace=False)]
    # the part of a random direction beside the rows: its sign is random too
    direction = rng.standard_normal(d)
    sides = np.column_stack([rows @ direction, np.ones(rows.shape[0])])
    along, inwards = np.linalg.lstsq(rows, sides, rcond=None)[0].T
    gate = direction - along
    heights, slopes = X @ gate, X @ inwards
    tied = np.abs(heights) <= TIED * row_lengths(X) * np.linalg.norm(gate)
    crossing = ~tied & (heights * slopes < 0.0)
    nearest = np.min(-heights[crossing] / slopes[crossing], initial=1.0)
    return np.asarray(gate + 0.5 * nearest * inwards)
