"""How many neurons are live and how many cells hold one, against the steps of training.

A run of fewer steps is the beginning of a longer one, as the step size is constant: the network
after each number of steps is trained anew from the same start.

References
----------
Wang, Lacotte & Pilanci (2022): stationary networks hold one direction a cell.
"""

import math
from dataclasses import dataclass, field, replace

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.networks import TwoLayerNetwork, structure_of
from relaxgap.training import TrainingStatus, train


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    steps : tuple of int
        Numbers of steps after which the network is looked at.
    live_rtol : float
        A neuron with a product of its weights' norms below this part of the largest is not live;
        a sample this near to its kink, as a cosine, counts as active.
    """

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    steps: tuple[int, ...] = (0, 100, 1000)
    live_rtol: float = 1e-3

    def __post_init__(self) -> None:
        if not self.steps or min(self.steps) < 0:
            raise ConfigurationError(
                f"Expected steps, none negative, got {list(self.steps)}; try [0,100,1000]."
            )
        if not 0.0 < self.live_rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < live_rtol < 1, got {self.live_rtol}; try 1e-3.")
        for label, spec in self.training.methods.items():
            if spec.schedule != "constant":
                raise ConfigurationError(
                    f"Expected a constant schedule, got {spec.schedule} for {label!r}: a shorter "
                    "run is then no beginning of a longer one; set it to constant."
                )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one run after some steps.

    Parameters
    ----------
    smallest_low, smallest : int
        Bracket of the least width of an optimal network.
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    step : int
        Steps done.
    loss : float
        Training loss, weight decay included; infinite if the run diverged.
    n_live, n_cells : int
        Live neurons, and (cell, sign) pairs that hold one.
    defect : float
        Largest distance between unit directions of live neurons of one pair and the strongest.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    smallest_low: int
    smallest: int
    optimum: float
    optimum_bound: float
    method: str
    width: int
    start: int
    step: int
    loss: float
    n_live: int
    n_cells: int
    defect: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Train the networks of one instance and look at them after each number of steps."""
    settings = cell.settings
    data = cell.load_data()
    beta = settings.regularisation.resolve_over_all(data)
    found = optimal_set(data.X, data.y, beta=beta)
    records = []
    for label, method in settings.training.methods.items():
        for rule in settings.networks.width:
            width = size_of(rule, data.n)
            for step in settings.steps:
                spec = replace(method, n_steps=max(step, 1))
                initial, order = starting_networks(cell, spec, width, data.d)
                run_ = train(data, beta, spec, initial, order)
                batch = initial if step == 0 else run_.final
                for start in range(batch.n_runs):
                    network = TwoLayerNetwork(batch.hidden[start], batch.output[start])
                    structure = structure_of(network, data, settings.live_rtol)
                    diverged = step > 0 and run_.status[start] is TrainingStatus.DIVERGED
                    records.append(
                        Record(
                            data=cell.data.label,
                            n=data.n,
                            d=data.d,
                            seed=cell.seed,
                            beta=beta,
                            smallest_low=found.smallest_width_low,
                            smallest=found.smallest_width,
                            optimum=found.primal_value,
                            optimum_bound=found.dual_value,
                            method=label,
                            width=width,
                            start=start,
                            step=step,
                            loss=math.inf if diverged else network.training_loss(data, beta),
                            n_live=structure.n_live,
                            n_cells=structure.n_cells,
                            defect=structure.collinearity_defect,
                        )
                    )
    return records
