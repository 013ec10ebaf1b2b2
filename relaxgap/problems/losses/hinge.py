"""The hinge loss of two classes."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float, Float64

from relaxgap.numerics.backend import Array
from relaxgap.problems.losses.class_labels import (
    into_shares,
    largest_scale,
    sum_rounding,
)
from relaxgap.problems.losses.smoothed_hinge import SmoothedHinge


class HingeLoss:
    r"""The distance of margins below 1: :math:`\ell(z) = \sum_i (1 - y_i z_i)_+`, labels ±1.

    Its dual value is :math:`\sum_i p_i` for shares :math:`p_i = y_i \nu_i` in :math:`[0, 1]`. It
    has kinks: at a margin of 1 every share is one of a subgradient, so that neither the optimal
    fit nor the optimal dual point need be unique, and no fit says which share is meant. Its
    conjugate is linear, and no method of Newton's kind takes it (`SmoothConjugate`).
    """

    name = "hinge"
    of_classes = True

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return float(_excess(y * fit).sum())

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """Return the labels of the samples whose margin is below 1, a subgradient with a minus."""
        return _reached(fit, y)

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return into_shares(nu, y)

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        shares = y * nu
        inside = bool((shares >= 0.0).all()) and bool((shares <= 1.0).all())
        return float(shares.sum()) if inside else -np.inf

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        """Return the largest scale: the dual value is linear in it."""
        shares = y * nu
        scale = largest_scale(shares, limit)
        return scale, scale * float(shares.sum())

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        r"""Let the margins that can be below 1 fall together, by the square root of their number.

        One that is above 1 by more than the distance stays above 1.
        """
        margins = y * fit
        rise = distance * float(np.sqrt(np.count_nonzero(margins < 1.0 + distance)))
        return rise + sum_rounding(y.size, float(_excess(margins).sum()) + rise)

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """Bound the rounding of a sum of shares, none of which is negative."""
        return sum_rounding(y.size, self.dual_value(nu, y))

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """Return 1: a margin is a number."""
        return 1.0

    def smoothed(self, width: float) -> SmoothedHinge:
        """See `Smoothable`."""
        return SmoothedHinge(width)

    def values(
        self, fits: Float64[np.ndarray, "R n"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " R"]:
        """See `TrainingLoss`."""
        return np.asarray(_excess(y * fits).sum(axis=1))

    def to_gradient(self, fits: Float[Array, "R n"], y: Float[Array, " n"]) -> None:
        """Turn fits into the subgradients that `dual_point` takes."""
        fits[...] = -_reached(fits, y)

    def values_of_gradients(self, gradients: Float[Array, "R n"]) -> Float[Array, " R"] | None:
        """Return None: all margins below 1 have one gradient."""
        return None

    def conic(self, residual: Any, unit: float, y: Float64[np.ndarray, " n"]) -> Any:
        """See `ConicLoss`; one minus the margin is the residual times the label."""
        import cvxpy as cp

        return cp.sum(cp.pos(cp.multiply(y, residual)))


def _reached(fits: Float[Array, "*R n"], y: Float[Array, " n"]) -> Float[Array, "*R n"]:
    return array_namespace(fits, y).where(y * fits < 1.0, y, 0.0 * y)


def _excess(margins: Float[Array, "..."]) -> Float[Array, "..."]:
    distances = 1.0 - margins
    # a zero of the same kind: not every library takes a number beside an array
    return array_namespace(margins).maximum(distances, 0.0 * distances)
