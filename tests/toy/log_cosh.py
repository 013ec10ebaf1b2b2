r"""A loss in one file: :math:`\ell(z) = \sum_i \log\cosh(z_i - y_i)`.

Its dual value is :math:`y^\top \nu - \sum_i \phi^*(\nu_i)` on :math:`|\nu_i| \le 1`, with
:math:`\phi^*(s) = \tfrac12 ((1 + s) \log(1 + s) + (1 - s) \log(1 - s))`.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import xlogy

EPS = float(np.finfo(np.float64).eps)
Vector = Float64[np.ndarray, " n"]


class LogCosh:
    """Close to the squared loss near the labels, to the absolute one far from them."""

    name = "log_cosh"
    of_classes = False

    # what a certificate reads

    def value(self, fit: Vector, y: Vector) -> float:
        return float(self.values(fit[None], y)[0])

    def dual_point(self, fit: Vector, y: Vector) -> Vector:
        return np.tanh(y - fit)

    def into_domain(self, nu: Vector, y: Vector) -> Vector:
        # the largest of any vector can be scaled into [-1, 1]
        return nu

    def dual_value(self, nu: Vector, y: Vector) -> float:
        return -float(self.conjugate(nu, y))

    def best_scale(self, nu: Vector, y: Vector, limit: float) -> tuple[float, float]:
        largest = float(np.abs(nu).max())
        if largest == 0.0 or float(y @ nu) <= 0.0:
            return 0.0, 0.0
        low, high = 0.0, min(limit, 1.0 / largest)
        for _ in range(60):
            middle = 0.5 * (low + high)
            rises = float(nu @ self.conjugate_gradient(middle * nu, y)) < 0.0
            low, high = (middle, high) if rises else (low, middle)
        return low, self.dual_value(low * nu, y)

    def value_error(self, fit: Vector, y: Vector, distance: float) -> float:
        return float(np.linalg.norm(np.tanh(y - fit))) * distance + 0.5 * distance**2

    def dual_rounding(self, nu: Vector, y: Vector) -> float:
        return 16.0 * EPS * (y.size + 8) * float(np.abs(y) @ np.abs(nu) + y.size)

    def label_unit(self, y: Vector) -> float:
        return 1.0

    # what a Newton method on the dual needs

    def conjugate(self, nu: Vector, y: Vector) -> Any:
        inside = np.abs(nu) <= 1.0
        both = np.where(inside, nu, 0.0)
        terms = 0.5 * (xlogy(1.0 + both, 1.0 + both) + xlogy(1.0 - both, 1.0 - both))
        return np.sum(terms) - y @ nu if np.all(inside) else np.inf

    def conjugate_gradient(self, nu: Vector, y: Vector) -> Vector:
        return np.arctanh(nu) - y

    def conjugate_curvature(self, nu: Vector, y: Vector) -> Vector:
        return 1.0 / (1.0 - nu**2)

    # what a generic conic solver needs

    def conic(self, residual: Any, unit: float, y: Vector) -> Any:
        import cvxpy as cp

        # log cosh r = log(1 + exp(2 r)) - r - log 2
        return cp.sum(cp.logistic(2.0 * unit * residual) - unit * residual - np.log(2.0)) / unit

    # what gradient methods need

    def values(self, fits: Float64[np.ndarray, "R n"], y: Vector) -> Float64[np.ndarray, " R"]:
        distances = np.abs(fits - y)
        # near the labels log cosh r = log(1 + 2 sinh(r/2)^2) keeps its digits
        near = np.log1p(2.0 * np.sinh(0.5 * np.minimum(distances, 1.0)) ** 2)
        far = distances + np.log1p(np.exp(-2.0 * distances)) - np.log(2.0)
        return np.sum(np.where(distances < 1.0, near, far), axis=1)

    def to_gradient(self, fits: Float64[np.ndarray, "R n"], y: Vector) -> None:
        fits -= y
        np.tanh(fits, out=fits)

    def values_of_gradients(self, gradients: Float64[np.ndarray, "R n"]) -> None:
        return None
