"""Theorem 4: the optimum with a squared penalty over more and more gates, in closed form.

References
----------
Kim & Pilanci (2024), Theorem 4.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_of,
    largest_eigenvalue,
    least_eigenvalue,
    sampled_activation_gram,
)
from relaxgap.theory.random_interpolation import gates_needed
from relaxgap.theory.ridge_relaxation import ridge_bounds, ridge_limit, ridge_value

DELTA = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one number of gates on one instance; samples are nested and keep repeats.

    Parameters
    ----------
    value : float
        The optimum.
    lower, upper : float
        Theorem 4's bounds; the upper one is for enough gates.
    enough_gates : bool
        Whether the number is Proposition 2's or more.
    limit : float
        What the number of gates times the optimum tends to.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    n_gates: int
    value: float
    lower: float
    upper: float
    enough_gates: bool
    limit: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Evaluate the closed form of one instance for every number of gates."""
    data, settings = cell.load_data(), cell.settings
    _, rng, _ = cell.streams()
    beta = settings.regularisation.absolute()
    gram = activation_gram(data.X)
    largest, least = largest_eigenvalue(data.X), least_eigenvalue(gram)
    needed = gates_needed(condition_of(largest, least), data.n, DELTA)
    sizes = sorted(size_of(rule, data.n, d=data.d) for rule in settings.patterns.n_gates)
    active = rng.standard_normal((sizes[-1], data.d)) @ data.X.T >= 0.0
    records = []
    for n_gates in sizes:
        sampled = sampled_activation_gram(data.X, np.asarray(active[:n_gates]))
        lower, upper = ridge_bounds(largest, least, data.y, beta, n_gates)
        records.append(
            Record(
                data=cell.data.label,
                n=data.n,
                d=data.d,
                seed=cell.seed,
                beta=beta,
                n_gates=n_gates,
                value=ridge_value(sampled, data.y, beta, n_gates),
                lower=lower,
                upper=upper,
                enough_gates=n_gates >= needed,
                limit=ridge_limit(gram, data.y, beta),
            )
        )
    return records
