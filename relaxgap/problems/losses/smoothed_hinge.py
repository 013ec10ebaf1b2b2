"""The hinge loss with its kinks rounded off, for a solver that needs a gradient."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Float64

from relaxgap.numerics.backend import Array
from relaxgap.problems.losses.class_labels import largest_scale, sum_rounding
from relaxgap.problems.losses.logistic import LogisticLoss

_LOGISTIC = LogisticLoss()
EXPONENTS = 800
"""Exponents beyond it underflow; the rounding of others is that of their exponential."""


@dataclass(frozen=True, slots=True)
class SmoothedHinge:
    r"""A logistic loss of the distance to a margin of 1, in units of a width.

    .. math:: \ell_\omega(z) = \omega \sum_i \log(1 + e^{(1 - y_i z_i) / \omega}), \quad
              \ell \le \ell_\omega \le \ell + n\, \omega \log 2

    for the hinge loss :math:`\ell`. Its dual value is
    :math:`\sum_i p_i + \omega \sum_i H(p_i)`, with the entropies of the logistic loss.

    Parameters
    ----------
    width : float
        Of the kink, in units of the margin; positive.
    """

    name: ClassVar[str] = "smoothed_hinge"
    of_classes: ClassVar[bool] = True

    width: float

    @property
    def largest_curvature(self) -> float:
        """See `BoundedCurvature`."""
        return 0.25 / self.width

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return self.width * _LOGISTIC.value((fit - y) / self.width, y)

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return _LOGISTIC.dual_point((fit - y) / self.width, y)

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return _LOGISTIC.into_domain(nu, y)

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return float((y * nu).sum()) + self.width * _LOGISTIC.dual_value(nu, y)

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        """Return the largest scale, the best one as the width goes to zero."""
        scale = largest_scale(y * nu, limit)
        return scale, self.dual_value(scale * nu, y) if scale > 0.0 else 0.0

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        """Bound the rise by the slope and the largest curvature, and add the rounding."""
        slope = float(np.linalg.norm(self.dual_point(fit, y)))
        rise = slope * distance + 0.125 * distance**2 / self.width
        return rise + sum_rounding(y.size + EXPONENTS, self.value(fit, y) + rise)

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """Bound the rounding of a sum of shares and entropies, none of which is negative."""
        return sum_rounding(3 * y.size, self.dual_value(nu, y))

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """Return 1: a margin is a number."""
        return 1.0

    def conjugate(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Any:
        """See `SmoothConjugate`."""
        return self.width * _LOGISTIC.conjugate(nu, y) - (y * nu).sum()

    def conjugate_gradient(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `SmoothConjugate`."""
        return self.width * _LOGISTIC.conjugate_gradient(nu, y) - y

    def conjugate_curvature(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"] | float:
        """See `SmoothConjugate`."""
        return self.width * _LOGISTIC.conjugate_curvature(nu, y)

    def moved(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], step: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `CurvedDomain`."""
        return _LOGISTIC.moved(nu, y, step)
