"""Seconds to a bracket of parallel three-layer networks, over all groups or over sampled ones.

References
----------
Ergen & Pilanci (2021), arXiv 2110.05518.
"""

import statistics
import time
from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.three_layers import check_labels, drawn, label_of, solved
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.problems.three_layer import COLUMNS


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
    n_groups : int
        Drawn sub-networks whose groups are the program; 0 for all groups.
    beta_fraction : float
        Strength, as a fraction of the critical one of the same problem.
    rtol : float
        Relative gap asked for.
    repeats : int
        Calls; the median counts.
    time_limit : float
        Seconds a call.

    Raises
    ------
    ConfigurationError
        If a value is out of range.
    """

    labels: str = "noise"
    subnetwork_width: int = 2
    normalisation: str = COLUMNS
    n_groups: int = 0
    beta_fraction: float = 0.1
    rtol: float = 1e-8
    repeats: int = 3
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        check_labels(self.labels)
        check_fraction(self.beta_fraction)
        if self.n_groups < 0 or self.repeats < 1:
            raise ConfigurationError(
                f"Expected n_groups >= 0 and repeats >= 1, got {self.n_groups} and {self.repeats}; "
                "raise them."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance.

    Parameters
    ----------
    m : int
        Neurons of the first layer of each sub-network.
    n_groups : int
        Drawn sub-networks; 0 for all groups.
    rtol : float
        Relative gap asked for.
    n_repeats : int
        Calls.
    status : str
        Whether the gap was reached.
    seconds, slowest : float
        Median and largest of the calls, critical strength and bracket, in one thread.
    primal_value, dual_value, relative_gap : float
        What the last call proved.
    """

    data: str
    n: int
    d: int
    seed: int
    m: int
    normalisation: str
    n_groups: int
    beta_fraction: float
    rtol: float
    n_repeats: int
    status: str
    seconds: float
    slowest: float
    primal_value: float
    dual_value: float
    relative_gap: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Time one instance."""
    settings = cell.settings
    data = drawn(cell, settings.labels)
    durations = []
    for _ in range(settings.repeats):
        began = time.perf_counter()
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
        durations.append(time.perf_counter() - began)
    return [
        Record(
            data=label_of(settings.labels),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            m=settings.subnetwork_width,
            normalisation=settings.normalisation,
            n_groups=settings.n_groups,
            beta_fraction=settings.beta_fraction,
            rtol=settings.rtol,
            n_repeats=settings.repeats,
            status=str(found.status),
            seconds=statistics.median(durations),
            slowest=max(durations),
            primal_value=found.primal_value,
            dual_value=found.dual_value,
            relative_gap=found.relative_gap,
        )
    ]
