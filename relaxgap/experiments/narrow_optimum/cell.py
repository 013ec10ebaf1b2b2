"""How good the best network of one or two neurons is, and how often training finds it.

References
----------
Wang, Lacotte & Pilanci (2022): below the least width of an optimal network nothing is said.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.global_optimum.narrow_optimum import MAX_WIDTH, narrow_optimum
from relaxgap.numerics.clock import Deadline
from relaxgap.training import train

FOUND = 1.01
"""A run finds the best network of its width if its loss is at most this times the proven bound."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    widths : tuple of int
        1 and 2, or one of them.
    networks : NetworkSettings
        The number of random starts; the width is that of ``widths``.
    rtol : float
        Relative gap of the best network of a width.
    time_limit : float
        Seconds for each.
    """

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    widths: tuple[int, ...] = (1, 2)
    rtol: float = 1e-6
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        if not self.widths or not set(self.widths) <= set(range(1, MAX_WIDTH + 1)):
            raise ConfigurationError(
                f"Expected widths from 1 to {MAX_WIDTH}, got {list(self.widths)}; try [1,2]."
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one width and one method on one instance.

    Parameters
    ----------
    smallest_low, smallest : int
        Bracket of the least width of an optimal network.
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    width : int
        Neurons.
    narrow, narrow_bound : float
        Certified bracket of the least loss of networks of this width.
    zero_loss : float
        Loss of the zero network.
    n_starts, n_found : int
        Runs, and those that are proven within 1% of the least loss of their width.
    best_loss, median_loss, worst_loss : float
        Of the least losses of the runs.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    smallest_low: int
    smallest: int
    optimum: float
    optimum_bound: float
    width: int
    narrow: float
    narrow_bound: float
    zero_loss: float
    method: str
    n_starts: int
    n_found: int
    best_loss: float
    median_loss: float
    worst_loss: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the best narrow networks of one instance and train from random starts."""
    settings = cell.settings
    data = cell.load_data()
    beta = settings.regularisation.resolve_over_all(data)
    found = optimal_set(data.X, data.y, beta=beta)
    records = []
    for width in settings.widths:
        deadline = Deadline.after(settings.time_limit)
        narrow = narrow_optimum(data, beta, width, settings.rtol, deadline=deadline)
        for label, method in settings.training.methods.items():
            initial, order = starting_networks(cell, method, width, data.d)
            losses = train(data, beta, method, initial, order).best_losses
            records.append(
                Record(
                    data=cell.data.label,
                    n=data.n,
                    d=data.d,
                    seed=cell.seed,
                    beta=beta,
                    beta_fraction=settings.regularisation.beta_fraction,
                    smallest_low=found.smallest_width_low,
                    smallest=found.smallest_width,
                    optimum=found.primal_value,
                    optimum_bound=found.dual_value,
                    width=width,
                    narrow=narrow.primal_value,
                    narrow_bound=narrow.dual_value,
                    zero_loss=0.5 * float(data.y @ data.y),
                    method=label,
                    n_starts=len(losses),
                    n_found=int(np.count_nonzero(losses <= FOUND * narrow.dual_value)),
                    best_loss=float(losses.min()),
                    median_loss=float(np.median(losses)),
                    worst_loss=float(losses.max()),
                )
            )
    return records
