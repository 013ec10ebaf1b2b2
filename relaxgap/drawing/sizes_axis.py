"""A logarithmic axis of sizes."""

import numpy as np
from matplotlib.axes import Axes

from relaxgap.drawing.marks import ticks_at

MAX_LABELS = 24


def label_sizes(axes: Axes, sizes: np.ndarray, name: str = "samples $n$") -> None:
    """Put ticks at the ascending ``sizes``, the largest and all with room."""
    logs = np.log(sizes)
    room = (logs[-1] - logs[0]) / MAX_LABELS
    kept = [len(sizes) - 1]
    for index in reversed(range(len(sizes) - 1)):
        if logs[kept[-1]] - logs[index] >= room:
            kept.append(index)
    axes.set_xscale("log")
    ticks_at(axes, sizes[sorted(kept)])
    axes.set_xlabel(name)
