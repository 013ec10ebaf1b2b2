"""Seconds to the certified optimum of parallel three-layer networks.

References
----------
Ergen & Pilanci (2021), arXiv 2110.05518, Section 3.
"""

import time
from dataclasses import dataclass

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
    beta_fraction : float
        Strength, as a fraction of the critical one of the same problem.
    rtol : float
        Relative gap.
    time_limit : float
        Seconds.
    """

    labels: str = "noise"
    subnetwork_width: int = 2
    normalisation: str = COLUMNS
    beta_fraction: float = 0.1
    rtol: float = 1e-6
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_labels(self.labels)
        check_fraction(self.beta_fraction)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance.

    Parameters
    ----------
    m : int
        Neurons of the first layer of each sub-network.
    primal_value, dual_value, relative_gap : float
        Bracket of the optimum over any number of sub-networks.
    status : str
        Whether it reached the gap that was asked for.
    width : int
        Sub-networks of a network of that value, at most n + 1.
    n_rounds : int
        Rounds of column generation.
    seconds : float
        Of the processor, for critical strength and bracket, in one thread.
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
    status: str
    width: int
    n_rounds: int
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance."""
    settings = cell.settings
    data = drawn(cell, settings.labels)
    began = time.process_time()
    found = solved(
        data,
        settings.subnetwork_width,
        settings.normalisation,
        rtol=settings.rtol,
        time_limit=settings.time_limit,
        beta_fraction=settings.beta_fraction,
    )
    seconds = time.process_time() - began
    program = ThreeLayerProgram(data, found.beta, settings.subnetwork_width, settings.normalisation)
    return [
        Record(
            data=label_of(settings.labels),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            m=settings.subnetwork_width,
            normalisation=settings.normalisation,
            beta_fraction=settings.beta_fraction,
            primal_value=found.primal_value,
            dual_value=found.dual_value,
            relative_gap=found.relative_gap,
            status=str(found.status),
            width=pruned(program, network_of(found)).width,
            n_rounds=found.n_iterations,
            seconds=seconds,
        )
    ]
