r"""How many random patterns interpolate: failure rates of the least eigenvalue, and the first P~.

References
----------
Kim & Pilanci (2024), Proposition 2, Corollary 1 and Lemma 3.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.theory.activation_gram import (
    activation_gram,
    condition_of,
    largest_eigenvalue,
    least_eigenvalue,
    sampled_activation_gram,
)
from relaxgap.theory.random_interpolation import DELTA as DELTA
from relaxgap.theory.random_interpolation import failure_bound, gates_necessary, gates_needed

NEEDED = "8 kappa log(n / delta)"


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """Say how often gates are drawn.

    Parameters
    ----------
    n_trials : int
        Draws of gates for each number of them.
    """

    n_trials: int = 200

    def __post_init__(self) -> None:
        if self.n_trials < 1:
            raise ConfigurationError(
                f"Expected trials.n_trials >= 1, got {self.n_trials}; raise it."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    patterns: GateSampling = field(default_factory=GateSampling)
    trials: TrialSettings = field(default_factory=TrialSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one number of gates on one instance, over all trials.

    Parameters
    ----------
    size_rule : str
        How the number of gates was given; ``8 kappa log(n / delta)`` is Proposition 2's own.
    n_singular : int
        Trials whose gates cannot fit every label.
    n_below_half : int
        Trials whose least eigenvalue is below half of that of all gates.
    least_ratio : float
        Least eigenvalue over that of all gates, the smallest over trials.
    failure_bound : float
        The Chernoff bound of ``n_below_half`` over ``n_trials``.
    n_necessary, first_invertible : int, float
        ceil(n / d), and the median over trials of the first number of gates that interpolates.
    """

    data: str
    n: int
    d: int
    seed: int
    kappa: float
    size_rule: str
    n_gates: int
    n_trials: int
    n_singular: int
    n_below_half: int
    least_ratio: float
    failure_bound: float
    n_necessary: int
    first_invertible: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Draw gates for one instance many times, as many as each size rule says."""
    data, settings = cell.load_data(), cell.settings
    _, rng, _ = cell.streams()
    least = least_eigenvalue(activation_gram(data.X))
    kappa = condition_of(largest_eigenvalue(data.X), least)
    sizes = {rule: size_of(rule, data.n, d=data.d) for rule in settings.patterns.n_gates}
    sizes[NEEDED] = math.ceil(gates_needed(kappa, data.n, DELTA))
    first = [_first_invertible(data.X, rng) for _ in range(settings.trials.n_trials)]
    records = []
    for rule, n_gates in sizes.items():
        found = np.array([_least(data.X, n_gates, rng) for _ in range(settings.trials.n_trials)])
        records.append(
            Record(
                data=cell.data.label,
                n=data.n,
                d=data.d,
                seed=cell.seed,
                kappa=kappa,
                size_rule=rule,
                n_gates=n_gates,
                n_trials=found.size,
                n_singular=int(np.count_nonzero(found == 0.0)),
                n_below_half=int(np.count_nonzero(found <= 0.5 * least)),
                least_ratio=float(found.min()) / least,
                failure_bound=failure_bound(kappa, data.n, n_gates),
                n_necessary=gates_necessary(data.n, data.d),
                first_invertible=float(np.median(first)),
            )
        )
    return records


def _least(X: Float64[np.ndarray, "n d"], n_gates: int, rng: np.random.Generator) -> float:
    active = rng.standard_normal((n_gates, X.shape[1])) @ X.T >= 0.0
    return least_eigenvalue(sampled_activation_gram(X, active))


def _first_invertible(X: Float64[np.ndarray, "n d"], rng: np.random.Generator) -> int:
    """Return the first number of nested gates that interpolates every label."""
    n, d = X.shape
    n_gates = gates_necessary(n, d)
    active = rng.standard_normal((n_gates, d)) @ X.T >= 0.0
    while least_eigenvalue(sampled_activation_gram(X, active)) == 0.0:
        active = np.vstack([active, rng.standard_normal((1, d)) @ X.T >= 0.0])
    return int(active.shape[0])
