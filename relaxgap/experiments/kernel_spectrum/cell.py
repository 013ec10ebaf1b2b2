"""The matrix M of all Gaussian gates beside its linear approximation.

References
----------
Kim & Pilanci (2024), Lemmas 5 and 6; El Karoui (2010).
"""

from dataclasses import dataclass

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.theory.activation_gram import (
    activation_gram,
    least_eigenvalue,
    linear_kernel,
    operator_norm,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Nothing but the data varies."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance; eigenvalues over d.

    Parameters
    ----------
    least, least_linear : float
        Least eigenvalues of M and of its linear approximation, from below.
    kernel_error : float
        Operator norm of M less its linear approximation, from above.
    kernel_error_without_ones : float
        The same without the matrix of ones in the approximation.
    """

    data: str
    n: int
    d: int
    seed: int
    least: float
    least_linear: float
    kernel_error: float
    kernel_error_without_ones: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Compare the two matrices of one instance."""
    data = cell.load_data()
    M, linear = activation_gram(data.X), linear_kernel(data.X)
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            least=least_eigenvalue(M) / data.d,
            least_linear=least_eigenvalue(linear) / data.d,
            kernel_error=operator_norm(M - linear) / data.d,
            kernel_error_without_ones=operator_norm(M - linear + 0.5 / np.pi) / data.d,
        )
    ]
