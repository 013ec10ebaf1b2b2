"""The bracket of the global optimum on a table, as the seconds go.

Columns and labels are standardised and a constant column stands for the bias, so that a fraction of
``beta_max`` means the same from one table to the next; labels of classes are their numbers.
"""

import itertools
import math
import time
from dataclasses import dataclass, field

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.data.scaling import Scaling
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.global_optimum.solver import GlobalSolution


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    regularisation : Regularisation
        Its strength.
    optimum : OptimumSettings
        How near the bracket is to come, and for how long.
    moments : tuple of float
        Seconds at which the bracket so far is written down, increasing.
    """

    regularisation: Regularisation = field(default_factory=Regularisation)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)
    moments: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)

    def __post_init__(self) -> None:
        # 0 before and infinity after; NaN is in no order
        ends = (0.0, *self.moments, math.inf)
        if not self.moments or not all(a < b for a, b in itertools.pairwise(ends)):
            raise ConfigurationError(
                f"Expected increasing moments above 0 seconds, got {list(self.moments)}; give for "
                "example [5, 30, 60]."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the bracket at one moment.

    Parameters
    ----------
    n, d : int
        Rows, and columns with the constant one.
    beta, beta_fraction : float
        Strength; the fraction is of ``beta_max`` over all patterns.
    moment : float
        Seconds after the start that the bracket is of, or of a bracket that was closed before.
    seconds : float
        When that bracket was found.
    primal_value, dual_value : float
        The bracket: of the best network and of the certified bound at that moment.
    status : str
        ``solved`` where the relative gap asked for was reached.
    certificate : str
        How the bound was proven.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    moment: float
    seconds: float
    primal_value: float
    dual_value: float
    status: str
    certificate: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the optimum of one table at one strength."""
    settings = cell.settings
    data = standardised(cell.load_data())
    beta = settings.regularisation.resolve_over_all(data)
    began, waiting = time.monotonic(), list(settings.moments)
    records: list[Record] = []
    last: tuple[float, GlobalSolution] | None = None
    for solution in settings.optimum.solver().brackets(data, beta):
        seconds = time.monotonic() - began
        # a bracket holds until the next one
        while last is not None and waiting and waiting[0] < seconds:
            records.append(_record(cell, data, beta, waiting.pop(0), last))
        last = (seconds, solution)
    assert last is not None
    records += [_record(cell, data, beta, moment, last) for moment in waiting]
    return records


def standardised(data: Dataset) -> Dataset:
    """Return columns and labels of mean 0 and variance 1, and a constant column."""
    X = Scaling.of(data.X).apply(data.X)
    labels = data.y[:, None]
    y = Scaling.of(labels).apply(labels)[:, 0]
    return Dataset(np.hstack([X, np.ones((data.n, 1))]), y)


def _record(
    cell: Cell[Settings],
    data: Dataset,
    beta: float,
    moment: float,
    bracket: tuple[float, GlobalSolution],
) -> Record:
    seconds, solution = bracket
    return Record(
        data=cell.data.label,
        n=data.n,
        d=data.d,
        seed=cell.seed,
        beta=beta,
        beta_fraction=cell.settings.regularisation.beta_fraction,
        moment=moment,
        seconds=seconds,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        status=solution.status,
        certificate=solution.bound,
    )
