"""An axis of sizes: log n, with n below."""

import numpy as np
from matplotlib.axes import Axes

MAX_LABELS = 9


def label_sizes(axes: Axes, sizes: np.ndarray) -> None:
    """Put ticks at the logarithms of the ascending ``sizes``, the largest and all with room."""
    logs = np.log(sizes)
    room = (logs[-1] - logs[0]) / MAX_LABELS
    kept = [len(sizes) - 1]
    for index in reversed(range(len(sizes) - 1)):
        if logs[kept[-1]] - logs[index] >= room:
            kept.append(index)
    ticks = [f"{logs[index]:.1f}\n{sizes[index]}" for index in kept]
    axes.set_xticks(logs[kept], ticks)
    axes.set_xlabel(r"$\log n$ (second line: $n$)")
