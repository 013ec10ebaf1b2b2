r"""Where gradient methods end: the loss over the certified optimum, and what kind of point it is.

Theorem 3 bounds the loss of a stationary point by :math:`C \sqrt{\\log 2n}` times the optimum if
half of the initial patterns survive (assumption A2). Both are measured here, in the same runs.

References
----------
Kim & Pilanci (2024), Theorem 3 and assumption (A2); Wang, Lacotte & Pilanci (2022) for minimal
networks.
"""

from dataclasses import dataclass, field

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.contenders import solve_over
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.run_records import RunRecord, run_fields
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.trained_runs import TRAINED_RTOL, TrainedBatch, trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan
from relaxgap.networks import (
    TwoLayerNetwork,
    activation_signs,
    dead_neuron_prices,
    live_neurons,
    minimal_network,
    stationarity_residual,
    steepest_descent,
    structure_of,
)
from relaxgap.patterns import sample_patterns


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: GateSampling = field(default_factory=GateSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: ScaledTrainingPlan = field(default_factory=ScaledTrainingPlan)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(RunRecord):
    """One row: the last network of one run.

    Parameters
    ----------
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    relaxation, relaxation_bound : float
        The same of the Gaussian relaxation of the cell.
    residual : float
        Relative distance of 0 from the Clarke subdifferential.
    slope : float
        Smallest one-sided directional derivative at the network without its dead neurons, relative
        to the same scale.
    n_boundary_bits, n_concave_kinks : int
        Pre-activations of live neurons at zero, and those of them where activating the sample
        lowers the loss.
    n_live, n_cells : int
        Neurons that contribute, and the (pattern, sign) cells they occupy.
    n_dead : int
        Neurons that are zero up to the tolerance.
    dead_price, dead_price_other_sign : float or None
        Largest dual constraint of the last pattern of a dead neuron over ``beta``, with its own
        sign and with the other one: both at most 1 if the proof of Theorem 3 covers the run; none
        without dead neurons.
    scale_imbalance, collinearity_defect : float
        As in `NetworkStructure`.
    minimal_width : int
        Neurons that contribute after merging and pruning, at most ``n``.
    minimal_loss : float
        Training loss after that.
    bits_kept, interior_bits_kept, neurons_kept, patterns_kept : float
        Fractions of the initial activations (`Preservation`).
    """

    optimum: float
    optimum_bound: float
    relaxation: float
    relaxation_bound: float
    residual: float
    slope: float
    n_boundary_bits: int
    n_concave_kinks: int
    n_live: int
    n_cells: int
    n_dead: int
    dead_price: float | None
    dead_price_other_sign: float | None
    scale_imbalance: float
    collinearity_defect: float
    minimal_width: int
    minimal_loss: float
    bits_kept: float
    interior_bits_kept: float
    neurons_kept: float
    patterns_kept: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Bracket the optimum of one instance, train on it and examine every last network."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    solution = cell.settings.optimum.solver().solve(data, beta)
    n_gates = size_of(cell.settings.patterns.n_gates[-1], data.n, d=data.d)
    sampled = sample_patterns(data.X, n_gates, cell.streams()[1])
    relaxation = solve_over(cell, data, beta, sampled, "relaxation")
    values = {
        "optimum": solution.certificate.primal_value,
        "optimum_bound": solution.certificate.dual_value,
        "relaxation": relaxation.primal_value,
        "relaxation_bound": relaxation.dual_value,
    }
    return [
        Record(
            **run_fields(cell, data, beta, batch, k),  # type: ignore[arg-type]
            **values,  # type: ignore[arg-type]
            **_examined(batch.final_network(k), data, beta),  # type: ignore[arg-type]
            **_kept(batch, k),  # type: ignore[arg-type]
        )
        for batch in trained_batches(cell, data, beta, record_preservation=True)
        for k in range(len(batch.labels))
    ]


def _examined(
    network: TwoLayerNetwork, data: Dataset, beta: float
) -> dict[str, int | float | None]:
    structure = structure_of(network, data, TRAINED_RTOL)
    live = live_neurons(network.hidden, network.output, TRAINED_RTOL)
    living = TwoLayerNetwork(network.hidden[live], network.output[live])
    descent = steepest_descent(living, data, beta, TRAINED_RTOL)
    prices = dead_neuron_prices(network, data, TRAINED_RTOL)
    # a hidden weight of exactly zero has no last pattern
    dead = prices[np.isfinite(prices).all(axis=1)]
    own, other = np.max(dead, axis=0) / beta if dead.size else (None, None)
    minimal = minimal_network(network, data)
    return {
        "residual": stationarity_residual(network, data, beta, TRAINED_RTOL),
        "slope": descent.relative_slope,
        "n_boundary_bits": int(np.count_nonzero(activation_signs(living, data, TRAINED_RTOL) == 0)),
        "n_concave_kinks": descent.n_concave_kinks,
        "n_live": structure.n_live,
        "n_cells": structure.n_cells,
        "n_dead": structure.n_neurons - structure.n_live,
        "dead_price": own,
        "dead_price_other_sign": other,
        "scale_imbalance": structure.scale_imbalance,
        "collinearity_defect": structure.collinearity_defect,
        "minimal_width": structure_of(minimal, data, TRAINED_RTOL).n_live,
        "minimal_loss": minimal.training_loss(data, beta),
    }


def _kept(batch: TrainedBatch, k: int) -> dict[str, float]:
    kept = batch.trajectory.preservation[-1][k]
    return {
        "bits_kept": kept.bits_kept,
        "interior_bits_kept": kept.interior_bits_kept,
        "neurons_kept": kept.neurons_kept,
        "patterns_kept": kept.patterns_kept,
    }
