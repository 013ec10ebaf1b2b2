"""The squared loss."""

from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from relaxgap.numerics.backend import Array
from relaxgap.numerics.rounding import EPS


class SquaredLoss:
    r"""Half the squared distance: :math:`\ell(z) = \tfrac12 \|z - y\|^2`.

    Its dual value is :math:`y^\top \nu - \tfrac12 \|\nu\|^2` for every :math:`\nu`.
    """

    name = "squared"
    of_classes = False
    largest_curvature = 1.0

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        residual = y - fit
        return 0.5 * float(residual @ residual)

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """Return the residual ``y - fit``."""
        return y - fit

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """Return ``nu`` itself: every dual point has a value."""
        return nu

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return float(y @ nu) - 0.5 * float(nu @ nu)

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        r"""Return :math:`s = \min(y^\top \nu / \|\nu\|^2, \text{limit})` and its dual value."""
        square, product = float(nu @ nu), float(y @ nu)
        if square == 0.0 or product <= 0.0:
            return 0.0, 0.0
        scale = min(limit, product / square)
        return scale, scale * product - 0.5 * scale**2 * square

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        """See `Loss`."""
        return float(np.linalg.norm(y - fit)) * distance + 0.5 * distance**2

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """See `Loss`."""
        return 2.0 * EPS * (y.size + 4) * float(np.abs(y) @ np.abs(nu) + nu @ nu)

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """Return the norm of the labels."""
        return float(np.linalg.norm(y))

    def conjugate(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Any:
        """See `SmoothConjugate`."""
        return 0.5 * (nu @ nu) - y @ nu

    def conjugate_gradient(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `SmoothConjugate`."""
        return nu - y

    def conjugate_curvature(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"] | float:
        """See `SmoothConjugate`."""
        return 1.0

    def values(
        self, fits: Float64[np.ndarray, "R n"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " R"]:
        """See `TrainingLoss`."""
        residuals = fits - y
        return np.asarray(0.5 * np.einsum("si,si->s", residuals, residuals))

    def to_gradient(self, fits: Float[Array, "R n"], y: Float[Array, " n"]) -> None:
        """See `TrainingLoss`."""
        fits -= y

    def values_of_gradients(self, gradients: Float[Array, "R n"]) -> Float[Array, " R"] | None:
        """See `TrainingLoss`."""
        return 0.5 * (gradients * gradients).sum(axis=1)

    def conic(self, residual: Any, unit: float, y: Float64[np.ndarray, " n"]) -> Any:
        """See `ConicLoss`."""
        import cvxpy as cp

        return 0.5 * unit * cp.sum_squares(residual)
