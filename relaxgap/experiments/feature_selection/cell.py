"""What optima of two and of three layers use: groups, first-layer patterns and columns.

References
----------
Ergen & Pilanci (2021), arXiv 2110.05518.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.three_layers import (
    check_labels,
    drawn,
    label_of,
    network_of,
    neurons_in_use,
    pruned,
    solved,
)
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.problems.three_layer import COLUMNS, ThreeLayerProgram

IN_USE = 1e-3
"""Part of the largest from which on a group or a neuron counts as used."""
TIED = 1e-7
"""Cosine of a row and a neuron up to which the row counts as on the neuron's boundary, active."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    labels : str
        Of the samples.
    relevant : int
        Leading columns that a teacher looks at.
    noise : float
        Standard deviation of what is added to its labels.
    subnetwork_width : int
        Neurons of the first layer of each sub-network; 1 is two layers.
    normalisation : str
        Of first layers.
    n_groups : int
        Sub-networks drawn for the groups to solve over; 0 takes all groups.
    beta_fraction : float
        Strength, as a fraction of the critical one of the same problem.
    rtol : float
        Relative gap.
    time_limit : float
        Seconds.
    """

    labels: str = "planted"
    relevant: int = 2
    noise: float = 0.1
    subnetwork_width: int = 2
    normalisation: str = COLUMNS
    n_groups: int = 0
    beta_fraction: float = 0.1
    rtol: float = 1e-7
    time_limit: float = 120.0

    def __post_init__(self) -> None:
        check_labels(self.labels)
        check_fraction(self.beta_fraction)
        if self.n_groups < 0:
            raise ConfigurationError(f"Expected n_groups >= 0, got {self.n_groups}; 0 takes all.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    relevant : int
        Columns that the labels depend on.
    m : int
        Neurons of the first layer of each sub-network.
    n_groups : int
        Sub-networks drawn for the groups; 0 where the optimum is over all.
    primal_value, dual_value, relative_gap : float
        Bracket, over the groups there are.
    n_used : int
        Groups of a vertex of the optimal networks that are not negligible.
    n_first_patterns : int
        Distinct first-layer patterns of its neurons.
    relevant_share : float
        Sum of squares of first-layer weights, times the weights behind them, on relevant columns,
        over that on all.
    n_relevant_first : int
        Relevant columns among as many of the heaviest.
    seconds : float
        In one thread.
    """

    data: str
    n: int
    d: int
    seed: int
    relevant: int
    m: int
    normalisation: str
    n_groups: int
    beta_fraction: float
    primal_value: float
    dual_value: float
    relative_gap: float
    n_used: int
    n_first_patterns: int
    relevant_share: float
    n_relevant_first: int
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance and look at what its network uses."""
    settings = cell.settings
    data = drawn(cell, settings.labels, settings.relevant, settings.noise)
    found = solved(
        data,
        settings.subnetwork_width,
        settings.normalisation,
        rtol=settings.rtol,
        time_limit=settings.time_limit,
        beta_fraction=settings.beta_fraction,
        n_groups=settings.n_groups,
        seed=cell.seed,
    )
    program = ThreeLayerProgram(data, found.beta, settings.subnetwork_width, settings.normalisation)
    network = pruned(program, network_of(found))
    sizes = program.sizes(network.hidden, network.inner, network.output)
    neurons = neurons_in_use(network, IN_USE)
    weights = np.sum(neurons**2, axis=0)
    heaviest = np.argsort(-weights, kind="stable")[: settings.relevant]
    return [
        Record(
            data=label_of(settings.labels),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            relevant=settings.relevant,
            m=settings.subnetwork_width,
            normalisation=settings.normalisation,
            n_groups=settings.n_groups,
            beta_fraction=settings.beta_fraction,
            primal_value=found.primal_value,
            dual_value=found.dual_value,
            relative_gap=found.relative_gap,
            n_used=int(np.count_nonzero(sizes > IN_USE * sizes.max(initial=0.0))),
            n_first_patterns=_patterns(data.X, neurons),
            relevant_share=float(weights[: settings.relevant].sum() / weights.sum()),
            n_relevant_first=int(np.count_nonzero(heaviest < settings.relevant)),
            seconds=found.solve_seconds,
        )
    ]


def _patterns(X: Float64[np.ndarray, "n d"], neurons: Float64[np.ndarray, "p d"]) -> int:
    """Count distinct patterns; a row on the boundary of a neuron is active."""
    lengths = np.linalg.norm(X, axis=1)[:, None] * np.linalg.norm(neurons, axis=1)
    active = -TIED * lengths <= X @ neurons.T
    return len(np.unique(active.T, axis=0))
