"""The matrix M of all Gaussian gates: its condition number and its linear approximation.

References
----------
Kim & Pilanci (2024), Theorem 6 and Lemma 6; El Karoui (2010).
"""

from dataclasses import dataclass

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_of,
    kappa_bound,
    kappa_limit,
    largest_eigenvalue,
    least_eigenvalue,
    linear_kernel,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Nothing but the data varies."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance.

    Parameters
    ----------
    lambda_max : float
        Largest eigenvalue of X X', from above.
    lambda_min : float
        Least eigenvalue of M, from below.
    kappa, kappa_limit, kappa_bound : float
        Condition number from above, its limit and Theorem 6's bound at this n / d.
    kernel_error : float
        Operator norm of M less its linear approximation, over d.
    kernel_error_without_ones : float
        The same without the matrix of ones in the approximation.
    """

    data: str
    n: int
    d: int
    seed: int
    lambda_max: float
    lambda_min: float
    kappa: float
    kappa_limit: float
    kappa_bound: float
    kernel_error: float
    kernel_error_without_ones: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Compute the spectrum of one instance."""
    data = cell.load_data()
    X, M, c = data.X, activation_gram(data.X), data.n / data.d
    largest, least, error = largest_eigenvalue(X), least_eigenvalue(M), M - linear_kernel(X)
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            lambda_max=largest,
            lambda_min=least,
            kappa=condition_of(largest, least),
            kappa_limit=kappa_limit(c),
            kappa_bound=kappa_bound(c),
            kernel_error=float(np.linalg.norm(error, 2)) / data.d,
            kernel_error_without_ones=float(np.linalg.norm(error + 1.0 / (2.0 * np.pi), 2))
            / data.d,
        )
    ]
