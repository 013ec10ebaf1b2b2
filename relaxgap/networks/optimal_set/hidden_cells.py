r"""Cells that rounding hides from data of one direction, and why no neuron is in them.

Rows that are multiples of one but for rounding, :math:`x_i = a_i b + e_i` with a unit vector ``b``,
have the two cells of ``b`` and, where the :math:`e_i` are not zero, thin ones between them. Outside
of the two cells some :math:`|a_i b^\top u| \le |e_i^\top u|`, so that a unit vector there has

.. math:: |x_j^\top u| \le |a_j| \max_i \frac{\|e_i\|}{|a_i|} + \|e_j\|

on every row: next to nothing, and its price is next to nothing too.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.known_optimum import KnownOptimum
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.rounding import EPS
from relaxgap.numerics.rows import row_lengths
from relaxgap.patterns.pattern_set import PatternSet


def no_cell_is_missing(problem: Problem, patterns: PatternSet, known: KnownOptimum) -> bool:
    """Say whether every cell that can be tight is among these patterns, which is proven then."""
    if not patterns.complete:
        return False
    if patterns.shift is None:
        return True
    size = float(np.linalg.norm(known.nu)) + known.radius
    return patterns.n_patterns == 2 and (
        size * length_of_hidden_outputs(problem.data.X) < problem.beta
    )


def length_of_hidden_outputs(X: Float64[np.ndarray, "n d"]) -> float:
    """Bound the products with unit vectors of every cell but the two of the main direction.

    Parameters
    ----------
    X : (n, d) float64
        Data.

    Returns
    -------
    float
        Small where the rows are multiples of one but for rounding; infinity where they are not.
    """
    rows = X[np.any(X != 0.0, axis=1)]
    if not len(rows):
        return 0.0
    largest = float(np.abs(rows).max())
    rows = rows / largest
    b = np.linalg.svd(rows, full_matrices=False)[2][0]
    a = rows @ b
    lengths = row_lengths(rows)
    # of a vector whose length is 1 up to rounding
    left = row_lengths(rows - np.outer(a, b)) + 8.0 * EPS * (X.shape[1] + 4) * lengths
    sizes = np.abs(a)
    if np.any(left >= 0.5 * sizes):
        return np.inf
    ratio = float(np.max(left / sizes)) * (1.0 + 1e-9)
    outputs = (sizes * ratio + left) * (1.0 + 1e-9) * largest
    return float(np.linalg.norm(outputs)) * (1.0 + 1e-9)
