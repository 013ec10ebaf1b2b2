"""The training runs of a cell: every method, width, initial scale, step and random start of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.needs import Training
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.networks.two_layer import TwoLayerNetwork
from relaxgap.training import NetworkBatch, Trajectory, joined, train

TRAINED_RTOL = 1e-4
"""A trained network is on a kink, scaled or nearly minimal up to this: training is finite."""


@dataclass(frozen=True, slots=True)
class RunLabel:
    """Say which of the runs of a cell one is.

    Parameters
    ----------
    method : str
        Label of the training method.
    width : int
        Neurons.
    init_scale, step_factor : float
        Factors of the initial weights and of the step size of the method.
    learning_rate : float
        Initial step in the unit of `TrainingSpec`, its factor included.
    start : int
        Number of the random start; equal ones differ by their scale only.
    """

    method: str
    width: int
    init_scale: float
    step_factor: float
    learning_rate: float
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainedBatch:
    """Hold the runs of one method and one width, trained together.

    Parameters
    ----------
    labels : tuple of RunLabel
        One for each run.
    initial : NetworkBatch
        Where they started.
    trajectory : Trajectory
        What they did.
    """

    labels: tuple[RunLabel, ...]
    initial: NetworkBatch
    trajectory: Trajectory

    def final_network(self, run: int) -> TwoLayerNetwork:
        """Return the last network of a run."""
        final = self.trajectory.final
        return TwoLayerNetwork(final.hidden[run], final.output[run])


def trained_batches(
    cell: Cell[Training],
    data: Dataset,
    beta: float,
    *,
    pruned_width: int | None = None,
    record_preservation: bool = False,
) -> Iterator[TrainedBatch]:
    """Train all runs of a cell on its data, a method and a width at a time.

    Parameters
    ----------
    cell : Cell
        Names methods, widths, scales, steps and the number of starts.
    data : Dataset
        Of the cell.
    beta : float
        Regularisation strength.
    pruned_width : int, optional
        Value of ``m_pruned`` in width rules.
    record_preservation : bool
        Whether to compare activations with the initial ones at every logged step.
    """
    plan = cell.settings.training
    for label, method in plan.methods.items():
        for rule in cell.settings.networks.width:
            width = size_of(rule, data.n, pruned_width)
            labels, specs, parts, order = [], [], [], np.random.default_rng(0)
            for init_scale in plan.init_scales:
                scaled = replace(method, init_scale=init_scale * method.init_scale)
                initial, order = starting_networks(cell, scaled, width, data.d)
                for step_factor in plan.step_factors:
                    parts.append(initial)
                    rate = step_factor * scaled.learning_rate
                    for start in range(initial.n_runs):
                        labels.append(RunLabel(label, width, init_scale, step_factor, rate, start))
                        specs.append(replace(scaled, learning_rate=rate))
            batch = joined(parts)
            run = train(data, beta, specs, batch, order, record_preservation=record_preservation)
            yield TrainedBatch(tuple(labels), batch, run)
