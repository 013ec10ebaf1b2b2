"""Lemma 2 and Gordon's inequality on drawn matrices.

References
----------
Kim & Pilanci (2024), Lemmas 2 and 4; Gordon (1988).
"""

import math
from dataclasses import dataclass

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.theory.gordon import one_sided_norm
from relaxgap.theory.sharpness.least_norm import least_norm_above


@dataclass(frozen=True, slots=True)
class Settings:
    """Nothing but the data varies."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one matrix and one direction.

    Parameters
    ----------
    rho : float
        Rows for each feature, n / d.
    least_norm_bound, least_norm : float
        Certified ends of the least norm above X z in absolute value; infinite where no vector is.
    limit : float
        R(rho); infinite from 2 on.
    least_singular_value, gordon : float
        Least singular value of X, and Gordon's bound of its mean, the difference of the roots of
        the sides; both over the root of d.
    """

    data: str
    n: int
    d: int
    seed: int
    rho: float
    least_norm_bound: float
    least_norm: float
    limit: float
    least_singular_value: float
    gordon: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Measure one matrix."""
    data = cell.load_data()
    _, rng, _ = cell.streams()
    z = rng.standard_normal(data.d)
    found = least_norm_above(data.X, np.abs(data.X @ (z / np.linalg.norm(z))))
    rho = data.n / data.d
    return [
        Record(
            data=cell.data.label,
            n=data.n,
            d=data.d,
            seed=cell.seed,
            rho=rho,
            least_norm_bound=found.lower,
            least_norm=found.upper,
            limit=one_sided_norm(rho),
            least_singular_value=float(np.linalg.norm(data.X, -2)) / math.sqrt(data.d),
            gordon=abs(math.sqrt(rho) - 1.0),
        )
    ]
