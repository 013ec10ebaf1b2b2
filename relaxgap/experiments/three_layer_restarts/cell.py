"""The best and the median of many networks trained by Adam, over the certified convex optimum.

References
----------
Ergen & Pilanci (2021), arXiv 2110.05518, Theorem 2.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.three_layers import (
    check_labels,
    drawn,
    label_of,
    network_of,
    pruned,
    solved,
)
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.problems.three_layer import COLUMNS, ThreeLayerProgram
from relaxgap.training.three_layer_descent import ThreeLayerDescent, losses, train


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    labels : str
        Of the samples.
    subnetwork_width : int
        Neurons of the first layer of each sub-network.
    normalisation : str
        Of first layers.
    multiples : list of float
        Sub-networks of trained networks over n + 1, beside every number up to n + 1.
    beta_fraction : float
        Strength, as a fraction of the critical one of the same problem.
    rtol : float
        Relative gap of the optimum.
    time_limit : float
        Seconds of it.
    training : ThreeLayerDescent
        Of the networks; its width is not used.
    """

    labels: str = "noise"
    subnetwork_width: int = 2
    normalisation: str = COLUMNS
    multiples: tuple[float, ...] = (1.5, 2.0, 3.0)
    beta_fraction: float = 0.05
    rtol: float = 1e-8
    time_limit: float = 120.0
    training: ThreeLayerDescent = field(default_factory=ThreeLayerDescent)

    def __post_init__(self) -> None:
        check_labels(self.labels)
        check_fraction(self.beta_fraction)
        if not all(multiple > 1.0 for multiple in self.multiples):
            raise ConfigurationError(
                f"Expected multiples above 1, got {self.multiples}; smaller widths are all taken."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: networks of one width on one instance.

    Parameters
    ----------
    m : int
        Neurons of the first layer of each sub-network.
    primal_value, dual_value, relative_gap : float
        Bracket of the optimum over any number of sub-networks.
    convex_width : int
        Sub-networks of a network of that value, at most n + 1.
    width : int
        Sub-networks of trained networks.
    best, median : float
        Of the losses of all runs.
    n_runs : int
        Runs.
    n_within : int
        Those that end within a thousandth of the lower end of the bracket.
    """

    data: str
    n: int
    d: int
    seed: int
    m: int
    normalisation: str
    beta_fraction: float
    primal_value: float
    dual_value: float
    relative_gap: float
    convex_width: int
    width: int
    n_runs: int
    best: float
    median: float
    n_within: int


WITHIN = 1e-3
"""Relative distance from the optimum up to which a run is counted."""


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance, and train networks of every width on it."""
    settings = cell.settings
    data = drawn(cell, settings.labels)
    optimum = solved(
        data,
        settings.subnetwork_width,
        settings.normalisation,
        rtol=settings.rtol,
        time_limit=settings.time_limit,
        beta_fraction=settings.beta_fraction,
    )
    program = ThreeLayerProgram(
        data, optimum.beta, settings.subnetwork_width, settings.normalisation
    )
    convex = pruned(program, network_of(optimum))
    more = {round(multiple * (data.n + 1)) for multiple in settings.multiples}
    widths = sorted({*range(1, data.n + 2), *more})
    records = []
    for width, stream in zip(widths, cell.streams()[2].spawn(len(widths)), strict=True):
        plan = replace(settings.training, width=width)
        ended = losses(program, *train(program, plan, np.random.default_rng(stream)))
        records.append(
            Record(
                data=label_of(settings.labels),
                n=data.n,
                d=data.d,
                seed=cell.seed,
                m=settings.subnetwork_width,
                normalisation=settings.normalisation,
                beta_fraction=settings.beta_fraction,
                primal_value=optimum.primal_value,
                dual_value=optimum.dual_value,
                relative_gap=optimum.relative_gap,
                convex_width=convex.width,
                width=width,
                n_runs=ended.size,
                best=float(ended.min()),
                median=float(np.median(ended)),
                n_within=int(np.count_nonzero(ended <= (1.0 + WITHIN) * optimum.dual_value)),
            )
        )
    return records
