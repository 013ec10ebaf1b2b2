"""Losses of a fit: value, dual point, conjugate, and how far a dual point may be scaled.

A loss is one small class in one file and one line in `LOSSES`. Certificates read `Loss`, a Newton
method on the dual `SmoothConjugate` too, gradient methods `TrainingLoss`, and a generic conic
solver asks for `ConicLoss`.
"""

from collections.abc import Mapping

from relaxgap.problems.losses.base import ConicLoss, Loss, NewtonLoss, SmoothConjugate, TrainingLoss
from relaxgap.problems.losses.squared import SquaredLoss

SQUARED = SquaredLoss()
LOSSES: Mapping[str, Loss] = {loss.name: loss for loss in (SQUARED,)}

__all__ = [
    "LOSSES",
    "SQUARED",
    "ConicLoss",
    "Loss",
    "NewtonLoss",
    "SmoothConjugate",
    "SquaredLoss",
    "TrainingLoss",
]
