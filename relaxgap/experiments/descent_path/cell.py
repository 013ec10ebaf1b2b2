"""The training loss along the descent path, from random and from trained networks.

From any network a continuous path leads to a minimal one: rescaling, then merging the neurons of
one (pattern, sign), along which the loss falls strictly, then pruning, where it never rises.

References
----------
Wang, Lacotte & Pilanci (2022), descent path to a nearly minimal network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.run_records import RunRecord, run_fields
from relaxgap.experiments.parts.trained_runs import trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan
from relaxgap.networks import TwoLayerNetwork, descent_path

POINTS_OF_PIECE = {"rescale": 9, "merge": 3, "prune": 2}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    regularisation: Regularisation = field(default_factory=Regularisation)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: ScaledTrainingPlan = field(default_factory=ScaledTrainingPlan)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)


@dataclass(frozen=True, slots=True)
class Record(RunRecord):
    """One row: one point of one path; ``loss`` is the loss there.

    Parameters
    ----------
    origin : str
        ``initial`` or ``trained``: the end of the run that the path begins at.
    optimum, optimum_bound : float
        Certified bracket of the global optimum.
    piece : int
        Number of the piece of the path.
    kind : str
        ``rescale``, ``merge`` or ``prune``.
    t : float
        Place on the piece, in (0, 1]; 0 on the first one only.
    n_neurons : int
        Neurons that are not zero.
    fit_change : float
        Norm of the change of the fit since the start of the path over that of the labels.
    """

    origin: str
    optimum: float
    optimum_bound: float
    piece: int
    kind: str
    t: float
    n_neurons: int
    fit_change: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Follow the descent path from both ends of every run."""
    data = cell.load_data()
    beta = cell.settings.regularisation.resolve_over_all(data)
    certificate = cell.settings.optimum.solver().solve(data, beta).certificate
    records = []
    for batch in trained_batches(cell, data, beta):
        for k in range(len(batch.labels)):
            columns = run_fields(cell, data, beta, batch, k)
            start = TwoLayerNetwork(batch.initial.hidden[k], batch.initial.output[k])
            for origin, network in (("initial", start), ("trained", batch.final_network(k))):
                records += [
                    Record(
                        **{**columns, "loss": point.loss},  # type: ignore[arg-type]
                        origin=origin,
                        optimum=certificate.primal_value,
                        optimum_bound=certificate.dual_value,
                        piece=point.piece,
                        kind=point.kind,
                        t=point.t,
                        n_neurons=point.n_neurons,
                        fit_change=point.fit_change,
                    )
                    for point in _points(network, data, beta)
                ]
    return records


@dataclass(frozen=True, slots=True)
class _Point:
    piece: int
    kind: str
    t: float
    loss: float
    n_neurons: int
    fit_change: float


def _points(network: TwoLayerNetwork, data: Dataset, beta: float) -> Iterator[_Point]:
    path = descent_path(network, data)
    fit, unit = network.predict(data.X), float(np.linalg.norm(data.y))
    for piece in range(path.n_pieces):
        kind = path.kind(piece)
        for t in np.linspace(0.0, 1.0, POINTS_OF_PIECE[kind])[min(piece, 1) :]:
            at = path.at(piece, float(t))
            live = (at.output != 0.0) & np.any(at.hidden != 0.0, axis=1)
            change = float(np.linalg.norm(at.predict(data.X) - fit))
            yield _Point(
                piece=piece,
                kind=kind,
                t=float(t),
                loss=at.training_loss(data, beta),
                n_neurons=int(np.count_nonzero(live)),
                fit_change=change / unit,
            )
