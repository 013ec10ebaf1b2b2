"""The condition number of the matrix M of all Gaussian gates.

References
----------
Kim & Pilanci (2024), Theorem 6.
"""

from dataclasses import dataclass

from relaxgap.experiments.parts.cell import Cell
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_of,
    kappa_bound,
    kappa_limit,
    largest_eigenvalue,
    least_eigenvalue,
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


def run(cell: Cell[Settings]) -> list[Record]:
    """Compute the condition number of one instance."""
    data = cell.load_data()
    largest, least = largest_eigenvalue(data.X), least_eigenvalue(activation_gram(data.X))
    c = data.n / data.d
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
        )
    ]
