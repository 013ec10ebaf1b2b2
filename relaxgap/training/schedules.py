"""How the step falls during training."""

import math
from typing import Literal

Schedule = Literal["constant", "inverse_sqrt", "cosine", "decay"]

DECAY_HOLD = 0.2
"""Fraction of the steps that ``decay`` leaves at the initial size."""

DECAY_TO = 1e-5
"""Fraction of the initial size that ``decay`` reaches at the last step."""


def step_factor(schedule: Schedule, step: int, n_steps: int) -> float:
    r"""Return the step size at ``step`` as a fraction of the initial one.

    ``constant`` is 1 and ``inverse_sqrt`` is :math:`1/\sqrt{1 + t}`. The other two end: ``cosine``
    is :math:`\tfrac12 (1 + \cos \pi t/T)`, and ``decay`` stays at 1 for a fifth of the steps and
    then falls geometrically to ``DECAY_TO``.

    Notes
    -----
    On a kink a gradient method crosses to and fro at a distance of the order of its step, so it
    comes as near to a stationary point as its step gets small. Along the kink it approaches the
    point at a rate proportional to the step, so a step that falls geometrically leaves a distance
    of the order of one over the number of steps at which it is still large.
    """
    match schedule:
        case "constant":
            return 1.0
        case "inverse_sqrt":
            return 1.0 / math.sqrt(1.0 + step)
        case "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * step / n_steps))
        case "decay":
            fallen = max(0.0, step / n_steps - DECAY_HOLD) / (1.0 - DECAY_HOLD)
            return float(DECAY_TO**fallen)
