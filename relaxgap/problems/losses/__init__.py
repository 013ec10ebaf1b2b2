"""Losses of a fit: value, dual point, conjugate, and how far a dual point may be scaled.

A loss is one small class in one file and one line in `LOSSES`. Certificates read `Loss`, a Newton
method on the dual `SmoothConjugate` too, gradient methods `TrainingLoss`, and a generic conic
solver asks for `ConicLoss`.
"""

from collections.abc import Mapping

from relaxgap.problems.losses.base import (
    BoundedCurvature,
    ConicLoss,
    CurvedDomain,
    Loss,
    NewtonLoss,
    Smoothable,
    SmoothConjugate,
    TrainingLoss,
)
from relaxgap.problems.losses.hinge import HingeLoss
from relaxgap.problems.losses.logistic import LogisticLoss
from relaxgap.problems.losses.squared import SquaredLoss

SQUARED = SquaredLoss()
LOGISTIC = LogisticLoss()
HINGE = HingeLoss()
LOSSES: Mapping[str, Loss] = {loss.name: loss for loss in (SQUARED, LOGISTIC, HINGE)}


def is_smooth(loss: Loss) -> bool:
    """Whether a loss is known to have a gradient everywhere: the conjugate is strictly convex."""
    return isinstance(loss, SmoothConjugate)


__all__ = [
    "HINGE",
    "LOGISTIC",
    "LOSSES",
    "SQUARED",
    "BoundedCurvature",
    "ConicLoss",
    "CurvedDomain",
    "HingeLoss",
    "LogisticLoss",
    "Loss",
    "NewtonLoss",
    "SmoothConjugate",
    "Smoothable",
    "SquaredLoss",
    "TrainingLoss",
    "is_smooth",
]
