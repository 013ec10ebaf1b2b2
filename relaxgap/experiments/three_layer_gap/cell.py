r"""Certified optima of three layers and of two at one strength.

As :math:`\sqrt{\sum_j \|z_j\|^2} \le \sum_j \|z_j\| \le \sqrt m \sqrt{\sum_j \|z_j\|^2}`, and as m
equal neurons of unit columns cost :math:`1 / \sqrt m` of what one of two layers costs,

.. math:: \text{columns}(\beta) \le \text{Frobenius}(\beta) \le \text{columns}(\sqrt m \beta)
          \le \text{two layers}(\beta) .

So unit columns gain twice: by depth, and by a penalty that is weaker for two layers too. The
optimum of columns at :math:`\sqrt m \beta` is what depth alone gives them.

References
----------
Ergen & Pilanci (2021), arXiv 2110.05518.
"""

import math
from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.three_layers import check_labels, drawn, label_of, solved
from relaxgap.experiments.parts.vector_optimum import check_fraction
from relaxgap.problems.three_layer import COLUMNS, FROBENIUS


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    labels : str
        Of the samples.
    subnetwork_width : int
        Neurons of the first layer of each sub-network.
    beta_fraction : float
        Strength, as a fraction of the critical one of two layers.
    rtol : float
        Relative gap of every optimum.
    time_limit : float
        Seconds of each.
    """

    labels: str = "noise"
    subnetwork_width: int = 2
    beta_fraction: float = 0.1
    rtol: float = 1e-8
    time_limit: float = 120.0

    def __post_init__(self) -> None:
        check_labels(self.labels)
        check_fraction(self.beta_fraction)
        if self.subnetwork_width < 2:
            raise ConfigurationError(
                f"Expected subnetwork_width >= 2, got {self.subnetwork_width}; with one neuron "
                "three layers are two."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    labels : str
        Their kind.
    m : int
        Neurons of the first layer of each sub-network.
    beta : float
        Strength of all but ``scaled_columns``, whose strength is the root of m times it.
    two_value, two_bound : float
        Bracket of the optimum of two layers.
    scaled_columns_value, scaled_columns_bound : float
        That of three layers of unit columns at the root of m times the strength.
    frobenius_value, frobenius_bound : float
        That of three layers of unit Frobenius norm.
    columns_value, columns_bound : float
        That of three layers of unit columns.
    relative_gap : float
        The largest of all four.
    seconds : float
        Of all four, in one thread.
    """

    data: str
    n: int
    d: int
    seed: int
    labels: str
    m: int
    beta_fraction: float
    beta: float
    two_value: float
    two_bound: float
    scaled_columns_value: float
    scaled_columns_bound: float
    frobenius_value: float
    frobenius_bound: float
    columns_value: float
    columns_bound: float
    relative_gap: float
    seconds: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance four ways."""
    settings, m = cell.settings, cell.settings.subnetwork_width
    data = drawn(cell, settings.labels)
    rtol, time_limit = settings.rtol, settings.time_limit
    two = solved(
        data,
        1,
        COLUMNS,
        rtol=rtol,
        time_limit=time_limit,
        beta_fraction=settings.beta_fraction,
    )
    scaled, frobenius, columns = (
        solved(data, m, normalisation, rtol=rtol, time_limit=time_limit, beta=beta)
        for normalisation, beta in (
            (COLUMNS, math.sqrt(m) * two.beta),
            (FROBENIUS, two.beta),
            (COLUMNS, two.beta),
        )
    )
    every = (two, scaled, frobenius, columns)
    return [
        Record(
            data=label_of(settings.labels),
            n=data.n,
            d=data.d,
            seed=cell.seed,
            labels=settings.labels,
            m=m,
            beta_fraction=settings.beta_fraction,
            beta=two.beta,
            two_value=two.primal_value,
            two_bound=two.dual_value,
            scaled_columns_value=scaled.primal_value,
            scaled_columns_bound=scaled.dual_value,
            frobenius_value=frobenius.primal_value,
            frobenius_bound=frobenius.dual_value,
            columns_value=columns.primal_value,
            columns_bound=columns.dual_value,
            relative_gap=max(result.relative_gap for result in every),
            seconds=sum(result.solve_seconds for result in every),
        )
    ]
