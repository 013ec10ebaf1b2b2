"""The logistic loss of two classes."""

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

HALVINGS = 50
"""Of the interval of scales: the dual value is flat at its maximum."""


class LogisticLoss:
    r"""The negative log-likelihood of labels ±1: :math:`\ell(z) = \sum_i \log(1 + e^{-y_i z_i})`.

    Its dual value is the sum of the binary entropies of the shares :math:`p_i = y_i \nu_i`,

    .. math:: -\ell^*(-\nu) = \sum_i H(p_i), \quad H(p) = -p \log p - (1 - p) \log(1 - p),

    on :math:`[0, 1]^n`, and the share of a fit is the probability of the wrong class.
    """

    name = "logistic"
    of_classes = True
    largest_curvature = 0.25

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        return float(_log_of_one_plus_exp(-y * fit).sum())

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        r"""Return :math:`y_i / (1 + e^{y_i z_i})`."""
        return y * _probability(-y * fit)

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """See `Loss`."""
        return into_shares(nu, y)

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        """See `Loss`."""
        shares = y * nu
        inside = bool((shares >= 0.0).all()) and bool((shares <= 1.0).all())
        return float(_entropies(shares).sum()) if inside else -np.inf

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        r"""Find where :math:`\sum_i p_i \log((1 - s p_i) / (s p_i))`, the slope in s, is zero."""
        shares = y * nu
        low, high = 0.0, largest_scale(shares, limit)
        if high == 0.0:
            return 0.0, 0.0
        # a share of zero stays zero and has no slope
        shares = shares[shares > 0.0]

        def rises(scale: float) -> bool:
            return float(shares @ _logits(_inside(scale * shares))) < 0.0

        if rises(high):
            low = high
        else:
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                low, high = (middle, high) if rises(middle) else (low, middle)
        return low, float(_entropies(_inside(low * shares)).sum())

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        r"""Bound the rise by the slope and by the largest curvature, 1/4, and add the rounding."""
        slope = float(np.linalg.norm(_probability(-y * fit)))
        rise = slope * distance + 0.125 * distance**2
        return rise + sum_rounding(y.size, self.value(fit, y) + rise)

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """Bound the rounding of a sum of entropies, none of which is negative."""
        return sum_rounding(2 * y.size, self.dual_value(nu, y))

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """Return 1: a margin is a number."""
        return 1.0

    def conjugate(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Any:
        """See `SmoothConjugate`; infinite at the edge too, where there is no gradient."""
        shares = y * nu
        inside = bool((shares > 0.0).all()) and bool((shares < 1.0).all())
        return -_entropies(shares).sum() if inside else np.inf

    def conjugate_gradient(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """See `SmoothConjugate`."""
        return y * _logits(y * nu)

    def conjugate_curvature(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"] | float:
        """See `SmoothConjugate`."""
        shares = y * nu
        return 1.0 / (shares * (1.0 - shares))

    def moved(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], step: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Move the logits of the shares, to which the step is the same to first order."""
        shares = _inside(y * nu)
        logits = _logits(shares) + y * step / (shares * (1.0 - shares))
        return y * _inside(_probability(logits))

    def values(
        self, fits: Float64[np.ndarray, "R n"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " R"]:
        """See `TrainingLoss`."""
        return np.asarray(np.logaddexp(0.0, -y * fits).sum(axis=1))

    def to_gradient(self, fits: Float[Array, "R n"], y: Float[Array, " n"]) -> None:
        """See `TrainingLoss`."""
        fits *= -y
        fits[...] = -y * _probability(fits)

    def values_of_gradients(self, gradients: Float[Array, "R n"]) -> Float[Array, " R"] | None:
        """Return None: the gradient of a sample far on the wrong side is 1 but for rounding."""
        return None

    def conic(self, residual: Any, unit: float, y: Float64[np.ndarray, " n"]) -> Any:
        """See `ConicLoss`; the margin is one minus the residual times the label."""
        import cvxpy as cp

        return cp.sum(cp.logistic(unit * cp.multiply(y, residual) - 1.0)) / unit


def _log_of_one_plus_exp(x: Float[Array, "..."]) -> Float[Array, "..."]:
    xp = array_namespace(x)
    return xp.logaddexp(xp.zeros_like(x), x)


def _probability(logits: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return ``1 / (1 + exp(-t))`` without overflow and to full relative precision."""
    return array_namespace(logits).exp(-_log_of_one_plus_exp(-logits))


def _logits(shares: Float[Array, " n"]) -> Float[Array, " n"]:
    xp = array_namespace(shares)
    return xp.log(shares) - xp.log1p(-shares)


def _entropies(shares: Float[Array, " n"]) -> Float[Array, " n"]:
    """Return the binary entropies of shares in [0, 1], each to full relative precision."""
    xp = array_namespace(shares)
    one = xp.ones_like(shares)
    # 0 log 0 = 0
    wrong, right = xp.where(shares > 0.0, shares, one), xp.where(shares < 1.0, -shares, 0.0 * one)
    return -shares * xp.log(wrong) - (1.0 - shares) * xp.log1p(right)


def _inside(shares: Float[Array, " n"]) -> Float[Array, " n"]:
    """Move shares off the ends of [0, 1], where the curvature could not be computed with."""
    xp = array_namespace(shares)
    limits = xp.finfo(shares.dtype)
    return xp.clip(shares, float(limits.smallest_normal) ** 0.5, 1.0 - float(limits.eps))
