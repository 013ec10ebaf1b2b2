r"""Bounds of the gated optimum: Propositions 3 and 4, Corollary 2, Theorem 5 and equation (7).

Statements, with :math:`L = \lambda_{\max}(X X^\top)`, :math:`C_y = \max_i \|X^\top D_i y\|` over
all patterns and :math:`\hat M` of the sampled gates:

- :math:`\tilde p_g \le \beta \sqrt{y^\top \hat M^{-1} y}` surely (Proposition 3), and
  :math:`\le \sqrt2 \beta \|y\| / \sqrt{\lambda_{\min}(M)}` with high probability;
- :math:`p_g \ge s \|y\|^2 (1 - s/2)` for :math:`s = \min(\beta / C_y, 1)` (Proposition 4), and
  :math:`p_g \ge \beta \|y\| / (2 \sqrt L)` for :math:`\beta \le \sqrt L \|y\|` (Corollary 2);
- :math:`\tilde p_g \le 2 \sqrt2 \sqrt\kappa\, p_g` with high probability (Theorem 5), whatever
  the number of patterns;
- :math:`\tilde p_g / p_g \le 2 C_y \sqrt{y^\top \hat M^{-1} y} / \|y\|^2` surely (equation (7)),
  which is never below 2.

Hypotheses: those with high probability assume :math:`\tilde P \ge 8 \kappa \log(n / \delta)`, all
upper bounds an invertible matrix. An upper bound of :math:`C_y` keeps each of them true.

References
----------
Kim & Pilanci (2024). The surrogate (6) is their proof of Proposition 3.
"""

import math

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float64

from relaxgap.numerics.rounding import EPS
from relaxgap.theory.activation_gram import least_eigenvalue
from relaxgap.theory.bound import Bound, Constant, Hypothesis, Origin

RATIO_SCALE = Constant(
    4.0 * math.sqrt(10.0),
    Origin.DERIVED,
    "Corollary 3: 2 sqrt 2 of Theorem 5 times the root of Theorem 6's 20",
)


def surrogate_value(
    fit_residual: Float64[np.ndarray, " n"],
    lengths: Float64[np.ndarray, " P"],
    t: Float64[np.ndarray, " P"],
    beta: float,
) -> float:
    r"""Return (6), :math:`\frac12 \|r\|^2 + \frac\beta2 \sum_i (\|w_i\|^2 / t_i + t_i)`.

    At :math:`t_i = \|w_i\|`, its least value, it is the gated objective; 0/0 counts as 0.
    """
    squares = lengths**2
    ratio = np.divide(squares, t, out=np.where(squares > 0.0, np.inf, 0.0), where=t > 0.0)
    return float(0.5 * fit_residual @ fit_residual + 0.5 * beta * np.sum(ratio + t))


def inverse_form(M: Float64[np.ndarray, "n n"], y: Float64[np.ndarray, " n"]) -> float:
    r"""Return :math:`y^\top M^{-1} y` from above; infinite where ``M`` may be singular."""
    least = least_eigenvalue(M)
    if least == 0.0:
        return math.inf
    form = float(y @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(M), y))
    condition = float(np.linalg.norm(M, 2)) / least
    return float(form * (1.0 + 16.0 * EPS * M.shape[0] * condition))


def largest_gated_price(
    X: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, " n"], active: Bool[np.ndarray, "P n"]
) -> float:
    r"""Return :math:`\max_i \|X^\top D_i y\|` over the patterns given; over all, :math:`C_y`."""
    prices = np.linalg.norm((active * y) @ X, axis=1)
    return float(prices.max(initial=0.0)) * (1.0 + 8.0 * EPS * sum(X.shape))


def proposition_3(
    sampled_gram: Float64[np.ndarray, "n n"], y: Float64[np.ndarray, " n"], beta: float
) -> Bound:
    r"""Bound :math:`\tilde p_g` from above by :math:`\beta \sqrt{y^\top \hat M^{-1} y}`."""
    form = inverse_form(sampled_gram, y)
    return Bound(beta * math.sqrt(form), (Hypothesis("M^ is invertible", math.isfinite(form)),))


def proposition_3_expected(
    least: float, y: Float64[np.ndarray, " n"], beta: float, enough_gates: bool
) -> Bound:
    r"""Bound :math:`\tilde p_g` by :math:`\sqrt2 \beta \|y\| / \sqrt{\lambda_{\min}(M)}`."""
    value = (
        math.sqrt(2.0) * beta * float(np.linalg.norm(y)) / math.sqrt(least) if least else math.inf
    )
    return Bound(
        value,
        (
            Hypothesis("M is invertible", least > 0.0),
            Hypothesis("P~ >= 8 kappa log(n / delta)", enough_gates),
        ),
    )


def proposition_4(largest_price: float, y: Float64[np.ndarray, " n"], beta: float) -> Bound:
    r"""Bound :math:`p_g` from below by :math:`s \|y\|^2 (1 - s/2)`, :math:`s = \min(\beta/C_y, 1)`.

    Parameters
    ----------
    largest_price : float
        :math:`C_y`, or any number above it.
    y : (n,) float64
        Labels.
    beta : float
        Positive; from :math:`C_y` on the bound is the optimum :math:`\|y\|^2 / 2`.
    """
    s = min(beta / largest_price, 1.0) if largest_price > 0.0 else 1.0
    return Bound(float(y @ y) * s * (1.0 - 0.5 * s) * (1.0 - 8.0 * EPS * (y.size + 2)))


def corollary_2(largest: float, y: Float64[np.ndarray, " n"], beta: float) -> Bound:
    r"""Bound :math:`p_g` from below by :math:`\beta \|y\| / (2 \sqrt L)`."""
    length = float(np.linalg.norm(y))
    root = math.sqrt(largest)
    return Bound(
        beta * length / (2.0 * root) if root else 0.0,
        (Hypothesis("beta <= sqrt(L) |y|", beta <= root * length),),
    )


def theorem_5_factor(kappa: float) -> float:
    r"""Return :math:`2 \sqrt2 \sqrt\kappa`: the root of :math:`\kappa`, not :math:`\kappa`."""
    return 2.0 * math.sqrt(2.0 * kappa)


def theorem_5(kappa: float, enough_gates: bool) -> Bound:
    r"""Bound :math:`\tilde p_g / p_g` by `theorem_5_factor`."""
    return Bound(
        theorem_5_factor(kappa),
        (
            Hypothesis("M is invertible", math.isfinite(kappa)),
            Hypothesis("P~ >= 8 kappa log(n / delta)", enough_gates),
        ),
    )


def equation_7(
    largest_price: float, sampled_gram: Float64[np.ndarray, "n n"], y: Float64[np.ndarray, " n"]
) -> Bound:
    r"""Bound :math:`\tilde p_g / p_g` surely, from :math:`C_y` or any number above it.

    Never below 2, so that it covers :math:`\beta > C_y` too, where the ratio is 1.
    """
    form = inverse_form(sampled_gram, y)
    square = float(y @ y)
    invertible = Hypothesis("M^ is invertible", math.isfinite(form))
    if square == 0.0:
        return Bound(2.0, (invertible,))
    return Bound(2.0 * largest_price * math.sqrt(form) / square, (invertible,))
