"""The random starts of a cell: the same for every method, whatever else the cell trains."""

import numpy as np

from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.training import NetworkBatch, TrainingSpec, initial_networks


def starting_networks(
    spec: CellSpec, method: TrainingSpec, width: int, d: int
) -> tuple[NetworkBatch, np.random.Generator]:
    """Draw the cell's initial networks of one width and the generator of the mini-batch order."""
    stream = spec.streams()[2]
    of_width = np.random.SeedSequence(entropy=stream.entropy, spawn_key=(*stream.spawn_key, width))
    order, *starts = (
        np.random.default_rng(child) for child in of_width.spawn(1 + spec.networks.n_starts)
    )
    return initial_networks(method, width, d, starts), order
