"""The random starts of a cell: the same for every method, whatever else the cell trains."""

import numpy as np

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.needs import Starting
from relaxgap.training import NetworkBatch, TrainingSpec, initial_networks


def starting_networks(
    cell: Cell[Starting], method: TrainingSpec, width: int, d: int
) -> tuple[NetworkBatch, np.random.Generator]:
    """Draw the cell's initial networks of one width and the generator of the mini-batch order."""
    stream, n_starts = cell.streams()[2], cell.settings.networks.n_starts
    of_width = np.random.SeedSequence(entropy=stream.entropy, spawn_key=(*stream.spawn_key, width))
    order, *starts = (np.random.default_rng(child) for child in of_width.spawn(1 + n_starts))
    return initial_networks(method, width, d, starts), order
