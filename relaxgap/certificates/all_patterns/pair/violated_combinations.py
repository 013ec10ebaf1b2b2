r"""Combinations of rows that moments violate.

With :math:`U` the second moments for a weight of 1, :math:`b_i` the absolute ones and
:math:`y_i = U^{1/2} x_i`, a combination is violated if
:math:`\sum_j |c_j| b_j + \|y_i - \sum_j c_j y_j\| < b_i`.
"""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.numerics.clock import checkpoint

LEAST_SQUARE = 1e-12
FACTORS = 0.1, 3.0
"""Least and largest multiple of a row in a pair."""
LEAST_COEFFICIENT = 1e-3
LEAST_RESIDUAL = 1e-3
FIRST_RESIDUAL = 0.1


def metric_rows(
    rows: Float64[np.ndarray, "n k"], second: Float64[np.ndarray, "k k"]
) -> Float64[np.ndarray, "n k"]:
    """Return the rows in coordinates in which second moments are those of unit directions."""
    values, vectors = np.linalg.eigh(second)
    return np.asarray(rows @ (vectors * np.sqrt(np.maximum(values, 0.0))))


def violated_pairs(
    y: Float64[np.ndarray, "n k"], b: Float64[np.ndarray, " n"], per_row: int, least: float
) -> Combinations:
    """Return the most violated combinations with one other row, up to so many for each row."""
    gram = y @ y.T
    squares = np.diag(gram)
    products = np.abs(gram)
    room = np.maximum(squares - b * b, LEAST_SQUARE)
    c = np.clip((products - np.multiply.outer(b, b)) / room, *FACTORS)
    distances = squares[:, None] - 2.0 * c * products + c * c * squares
    violations = b[:, None] - c * b - np.sqrt(np.maximum(distances, 0.0))
    np.fill_diagonal(violations, -1.0)
    per_row = min(per_row, b.size)
    others = np.argpartition(-violations, per_row - 1, axis=1)[:, :per_row].ravel()
    row = np.repeat(np.arange(b.size), per_row)
    kept = violations[row, others] > least
    row, others = row[kept], others[kept]
    coefficients = np.zeros((row.size, b.size))
    signs = np.where(gram[row, others] < 0.0, -1.0, 1.0)
    coefficients[np.arange(row.size), others] = signs * c[row, others]
    return Combinations(row, coefficients)


def violated_combinations(
    y: Float64[np.ndarray, "n k"],
    b: Float64[np.ndarray, " n"],
    row: Int[np.ndarray, " c"],
    n_sweeps: int,
    least: float,
) -> Combinations:
    r"""Return a violated combination with any rows for each of some rows, where one is found.

    By coordinate descent on the square-root lasso
    :math:`\min_c \sum_j |c_j| b_j + \|y_i - \sum_j c_j y_j\|`, all rows at once.
    """
    squares = np.maximum((y * y).sum(axis=1), LEAST_SQUARE)
    coefficients, residuals = np.zeros((row.size, b.size)), y[row].copy()
    floor = FIRST_RESIDUAL
    for _ in range(n_sweeps):
        checkpoint()
        sizes = np.maximum(np.linalg.norm(residuals, axis=1), floor)
        floor = LEAST_RESIDUAL
        for j in range(b.size):
            before = coefficients[:, j]
            at = residuals @ y[j] + before * squares[j]
            after = np.sign(at) * np.maximum(np.abs(at) - sizes * b[j], 0.0) / squares[j]
            after[row == j] = 0.0
            moved = np.flatnonzero(after != before)
            if moved.size:
                change = after[moved] - before[moved]
                residuals[moved] -= np.multiply.outer(change, y[j])
                coefficients[moved, j] = after[moved]
    coefficients[np.abs(coefficients) < LEAST_COEFFICIENT] = 0.0
    residuals = y[row] - coefficients @ y
    violations = b[row] - np.abs(coefficients) @ b - np.linalg.norm(residuals, axis=1)
    kept = violations > least
    return Combinations(row[kept], coefficients[kept])
