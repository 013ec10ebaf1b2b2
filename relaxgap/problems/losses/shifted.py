r"""A loss at a fit moved by a constant: what is left of an output bias once it is fixed."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Float64

from relaxgap.numerics.backend import Array
from relaxgap.numerics.rounding import EPS
from relaxgap.problems.losses.base import (
    BoundedCurvature,
    ConicLoss,
    CurvedDomain,
    Loss,
    NewtonLoss,
    Smoothable,
    TrainingLoss,
)
from relaxgap.problems.losses.class_labels import largest_scale

HALVINGS = 50
"""Of the interval of scales: the dual value is flat at its maximum."""


@dataclass(frozen=True, slots=True)
class ShiftedLoss:
    r"""A loss of two classes with a constant added to every output: :math:`\ell(z + c 1)`.

    Its dual value is :math:`-\ell^*(-\nu) - c\, 1^\top \nu`. Prices know nothing of it, so that a
    dual point is feasible for every constant or for none.

    Parameters
    ----------
    base : Loss
        The loss :math:`\ell`.
    constant : float
        The output bias :math:`c`.
    """

    base: Loss
    constant: float

    @property
    def name(self) -> str:
        """See `Loss`."""
        return self.base.name

    @property
    def of_classes(self) -> bool:
        """See `Loss`."""
        return self.base.of_classes

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return self.base.value(fit + self.constant, y)

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return self.base.dual_point(fit + self.constant, y)

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return self.base.into_domain(nu, y)

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return self.base.dual_value(nu, y) - self.constant * float(nu.sum())

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        """Search the interval of scales: the dual value is concave in the scale."""
        high = largest_scale(y * nu, limit)
        if high == 0.0 or not np.isfinite(high):
            return 0.0, 0.0
        low, golden = 0.0, 0.5 * (5.0**0.5 - 1.0)
        inner = [high - golden * high, golden * high]
        values = [self.dual_value(scale * nu, y) for scale in inner]
        for _ in range(HALVINGS):
            if values[0] < values[1]:
                low, inner[0], values[0] = inner[0], inner[1], values[1]
                inner[1] = low + golden * (high - low)
                values[1] = self.dual_value(inner[1] * nu, y)
            else:
                high, inner[1], values[1] = inner[1], inner[0], values[0]
                inner[0] = high - golden * (high - low)
                values[0] = self.dual_value(inner[0] * nu, y)
        scale = max((low, high), key=lambda at: self.dual_value(at * nu, y))
        value = self.dual_value(scale * nu, y)
        return (scale, value) if value > 0.0 else (0.0, 0.0)

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        """See `Loss`; the sum with the constant is rounded too."""
        moved = fit + self.constant
        rounding = EPS * float(np.linalg.norm(moved))
        return self.base.value_error(moved, y, distance + rounding)

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """See `Loss`."""
        terms = abs(self.constant) * float(np.abs(nu).sum())
        total = abs(self.base.dual_value(nu, y)) + terms
        return self.base.dual_rounding(nu, y) + 2.0 * EPS * ((y.size + 4) * terms + total)

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """See `Loss`."""
        return self.base.label_unit(y)

    def values(
        self, fits: Float64[np.ndarray, "R n"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " R"]:
        """See `TrainingLoss`."""
        return cast(TrainingLoss, self.base).values(fits + self.constant, y)

    def to_gradient(self, fits: Float[Array, "R n"], y: Float[Array, " n"]) -> None:
        """See `TrainingLoss`."""
        fits += self.constant
        cast(TrainingLoss, self.base).to_gradient(fits, y)

    def values_of_gradients(self, gradients: Float[Array, "R n"]) -> Float[Array, " R"] | None:
        """See `TrainingLoss`."""
        return cast(TrainingLoss, self.base).values_of_gradients(gradients)

    def conic(self, residual: Any, unit: float, y: Float64[np.ndarray, " n"]) -> Any:
        """See `ConicLoss`."""
        return cast(ConicLoss, self.base).conic(residual - self.constant / unit, unit, y)


class SmoothShiftedLoss(ShiftedLoss):
    """A shifted loss whose conjugate is smooth."""

    __slots__ = ()

    @property
    def largest_curvature(self) -> float:
        """See `BoundedCurvature`."""
        return cast(BoundedCurvature, self.base).largest_curvature

    def conjugate(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Any:
        """See `SmoothConjugate`."""
        return cast(NewtonLoss, self.base).conjugate(nu, y) + self.constant * nu.sum()

    def conjugate_gradient(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `SmoothConjugate`."""
        return cast(NewtonLoss, self.base).conjugate_gradient(nu, y) + self.constant

    def conjugate_curvature(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"] | float:
        """See `SmoothConjugate`."""
        return cast(NewtonLoss, self.base).conjugate_curvature(nu, y)

    def moved(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], step: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `CurvedDomain`."""
        return cast(CurvedDomain, self.base).moved(nu, y, step)


class KinkedShiftedLoss(ShiftedLoss):
    """A shifted loss with kinks."""

    __slots__ = ()

    def smoothed(self, width: float) -> NewtonLoss:
        """See `Smoothable`."""
        return SmoothShiftedLoss(cast(Smoothable, self.base).smoothed(width), self.constant)


def shifted(loss: Loss, constant: float) -> ShiftedLoss:
    """Return the loss at outputs moved by a constant, with as many methods as the loss has."""
    kind = KinkedShiftedLoss if isinstance(loss, Smoothable) else SmoothShiftedLoss
    return kind(loss, constant)
