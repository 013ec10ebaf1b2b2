"""The chain of Section 3.4: largest gated price, largest subset, relaxation, eigenvalue.

References
----------
Kim & Pilanci (2024), Section 3.4.
"""

from dataclasses import dataclass

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.theory.instance import Instance


@dataclass(frozen=True, slots=True)
class Settings:
    """Nothing but the data varies."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance, all numbers squared prices.

    Parameters
    ----------
    price : float or None
        C_y squared; None where patterns are too many to list.
    cut : float or None
        Largest over all subsets; None where those are too many to try.
    relaxation : float
        Value of the MAX-CUT relaxation, from above.
    eigenvalue : float
        Largest eigenvalue of X X' times the squared norm of y.
    """

    data: str
    n: int
    d: int
    seed: int
    price: float | None
    cut: float | None
    relaxation: float
    eigenvalue: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Compute the chain of one instance."""
    data = cell.load_data()
    given = Instance(data, np.eye(data.d), 1.0)
    exact = given.exact_price
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            price=None if exact is None else exact**2,
            cut=given.cut,
            relaxation=given.cut_bound,
            eigenvalue=given.largest * float(data.y @ data.y),
        )
    ]
